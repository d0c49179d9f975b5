import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choiceSentence } from '../../src-main/contract/choice.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { Fitted } from '../../src-main/contract/workers/compress.ts';
import type { OnProgress } from '../../src-main/contract/progress.ts';
import { insistUniformFits } from '../../src-main/fit/uniform-choice.ts';
import { RUNGS, type Rung } from '../../src-main/contract/rungs.ts';
import { identify, openContext, type ContextOptions, type ReadContext } from '../../src-main/fit/context.ts';
import { Contest, type MeasuredPlan } from '../../src-main/fit/contest.ts';
import { knowTensors } from '../../src-main/fit/known-tensors.ts';
import { startMeasuring } from '../../src-main/fit/measuring-context.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { previewFit } from '../../src-main/fit/preview.ts';
import { divergenceOf } from '../../src-main/fit/quality.ts';
import { metadataNumber, metadataString, readGguf } from '../../src-main/gguf/gguf.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { keptTrials } from '../helpers/kept-trials.ts';
import { ask, outputOf } from '../helpers/quick-fit.ts';
import { timeKernels } from '../helpers/timed-home.ts';

let home: string;
let request: FitRequest;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'snug-best-'));
  await timeKernels(home);
  request = {
    ...{ home, modelPath: shortModel, mmprojPath: shortMmproj },
    ...{ calibrationTokens: 1000, clusters: 10, threads: 1, plan: 'best', trials: 0 },
    rungs: { high: 'Q4_K_M', low: 'Q2_K' },
  };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What a fit measures to choose from, with what is known without measuring tensors. */
async function measureAll(events: ContextOptions, asked: Partial<FitRequest>): Promise<MeasuredPlan[]> {
  using context = await openContext({ ...request, ...asked }, events);
  const measuring = await startMeasuring(await identify(context));
  const { plan } = measuring.request;
  const untried = { ...measuring, request: { ...measuring.request, plan: { ...plan, trials: 0 } } };
  const tensors = await knowTensors(untried);
  // the context is closed when this returns
  return await new Contest(measuring, tensors).measureAll();
}

describe('the nearest plan', { timeout: 300_000 }, () => {
  let fitted: Fitted;
  let budgetBytes: number;

  beforeAll(async () => {
    const { byLowLayers } = await previewFit({ ...request, plan: 'luq' }, false);
    const [high, low] = [byLowLayers[0], byLowLayers.at(-1)].map((one) => one?.memory.totalBytes ?? 0);
    budgetBytes = Math.round(((high ?? 0) + (low ?? 0)) / 2);
    fitted = await fit({ ...request, budgetBytes }, {});
  }, 300_000);

  it('is the nearest to the source of a type for every tensor, LUQ’s plan and uniform ones, all within the budget', () => {
    const { candidates, plan } = fitted;
    expect(candidates.map(({ name }) => name).slice(0, 2)).toEqual(['tensors', 'edge-protected']);
    expect(candidates).toHaveLength(5);
    for (const { totalBytes } of candidates) expect(totalBytes).toBeLessThanOrEqual(budgetBytes);
    const chosen = candidates.find((one) => one.chosen);
    const least = Math.min(...candidates.map(({ quality }) => divergenceOf(quality)));
    expect(chosen && divergenceOf(chosen.quality)).toBeLessThanOrEqual(least * 1.02);
    expect(plan.predictedMemory.totalBytes).toBe(chosen?.totalBytes);
    // the file that was written is the plan that was measured
    expect(fitted.check.image?.meanKld).toBeCloseTo(chosen?.quality.image?.meanKld ?? NaN, 4);
    expect(choiceSentence(fitted)).toContain('LUQ’s own plan');
  });

  it('says in its file what it is, and answers', async () => {
    const gguf = readGguf(outputOf(fitted));
    expect(metadataString(gguf, 'luq.plan.kind')).toBe('best');
    expect(metadataString(gguf, 'luq.plan.family')).toBe(fitted.plan.family);
    expect(metadataNumber(gguf, 'luq.plan.trials')).toBe(0);
    expect((await ask(outputOf(fitted), shortMmproj, [])).text).not.toBe('');
  });

  it('is found again without measuring anything anew', async () => {
    const before = keptTrials(home, fitted.model.sourceSha256);
    const again = await fit({ ...request, budgetBytes }, {});
    expect(again.candidates).toEqual(fitted.candidates);
    expect(keptTrials(home, fitted.model.sourceSha256)).toEqual(before);
  });

  it('stopped among its trials goes on with what was measured, and comes to the same', async () => {
    const stopped = new AbortController();
    const stopping: OnProgress = ({ stage, done }) => {
      // the last has begun
      if (stage === 'choose' && done > 6) stopped.abort();
    };
    const known = keptTrials(home, fitted.model.sourceSha256);
    await expect(
      measureAll({ signal: stopped.signal, onProgress: stopping }, { budgetBytes, trials: 2 }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    const before = keptTrials(home, fitted.model.sourceSha256);
    expect(before.size).toBeGreaterThan(known.size);
    const steps: number[] = [];
    const onProgress: OnProgress = ({ stage, done, total }) => {
      if (stage === 'choose') steps.push(done / total);
    };
    const measured = await measureAll({ onProgress }, { budgetBytes, trials: 2 });
    const after = keptTrials(home, fitted.model.sourceSha256);
    expect(after.size).toBeGreaterThan(before.size);
    for (const [name, when] of before) expect(after.get(name)).toBe(when);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
    expect(await measureAll({}, { budgetBytes, trials: 2 })).toEqual(measured);
    expect(keptTrials(home, fitted.model.sourceSha256)).toEqual(after);
  });

  it('was foreseen by the frontier: within the budget the last of it, and not nearer than the next', async () => {
    const { frontier } = await previewFit({ ...request, budgetBytes }, false);
    const at = frontier?.findLast(({ memory }) => memory.totalBytes <= budgetBytes);
    const made = fitted.candidates.find(({ name }) => name === 'tensors');
    expect(at?.memory.totalBytes).toBeLessThanOrEqual(made?.totalBytes ?? 0);
    expect(at?.memory.totalBytes).toBeGreaterThan(0.97 * (made?.totalBytes ?? Infinity));
  });

  it('is the source itself where that fits', async () => {
    const whole = await fit({ ...request, budgetBytes: 2 ** 33 }, {});
    expect(whole.plan).toMatchObject({ kind: 'best', family: 'source' });
    expect(whole.candidates).toEqual([]);
    const tensors = (path: string) => readGguf(path).tensors.map(({ name, type }) => [name, type]);
    expect(tensors(outputOf(whole)).sort()).toEqual(tensors(shortModel).sort());
    expect(whole.check.image?.meanKld).toBeLessThan(1e-6);
    expect(choiceSentence(whole)).toMatch(/^The original fits/);
  });

  it('is refused where no plan fits, or none is as fast as was asked for, with what would do', async () => {
    await expect(fit({ ...request, budgetBytes: 2 ** 20 }, {})).rejects.toMatchObject({
      code: 'DOES_NOT_FIT',
      message: expect.stringMatching(/^even with every tensor in its smallest type/) as string,
    });
    await expect(fit({ ...request, budgetBytes, minTokensPerSecond: 1e9 }, {})).rejects.toMatchObject({
      code: 'DOES_NOT_FIT',
      remedies: [{ kind: 'set-speed', tokensPerSecond: expect.any(Number) as number }],
    });
  });
});

describe('a uniform plan', { timeout: 300_000 }, () => {
  it('for a budget between two file types is the smaller of them', async () => {
    const bytesOf = ({ planner }: ReadContext, rung: Rung) => planner.uniform(rung).memory.totalBytes;
    using all = await openContext({ ...request, plan: 'uniform', budgetBytes: 2 ** 33 }, {});
    const sorted = RUNGS.toSorted((a, b) => bytesOf(all, a) - bytesOf(all, b));
    const [smaller = 'Q8_0', larger = 'Q8_0'] = sorted.slice(4, 6);
    const between = Math.round((bytesOf(all, smaller) + bytesOf(all, larger)) / 2);
    using context = await openContext({ ...request, plan: 'uniform', budgetBytes: between }, {});
    expect(insistUniformFits(context)).toBe(smaller);
  });

  it('is the largest file type that fits, or the one that was asked for', async () => {
    const { frontier } = await previewFit({ ...request, plan: 'uniform' }, false);
    const sizes = (frontier ?? []).map(({ memory }) => memory.totalBytes);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    const asked = await fit({ ...request, plan: 'uniform', fileType: 'Q3_K_M', budgetBytes: 2 ** 33 }, {});
    expect(asked.plan).toMatchObject({ kind: 'uniform', family: 'uniform', lowLayers: 0 });
    expect(new Set(asked.layers.map(({ rung }) => rung))).toEqual(new Set(['Q3_K_M']));
    expect(metadataNumber(readGguf(outputOf(asked)), 'general.file_type')).toBe(12);
    const least = sizes[0] ?? 0;
    await expect(
      fit({ ...request, plan: 'uniform', fileType: 'Q8_0', budgetBytes: least }, {}),
    ).rejects.toMatchObject({
      code: 'DOES_NOT_FIT',
      // both of the smallest may take the same in memory, as Snug's kernels keep them
      remedies: [
        { kind: 'set-file-type', type: expect.stringMatching(/^IQ1_[SM]$/) as string },
        { kind: 'set-budget' },
      ],
    });
  });
});
