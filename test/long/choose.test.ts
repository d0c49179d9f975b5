import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SnugError } from '../../src-main/contract/errors.ts';
import type { FitRequest, Ordering } from '../../src-main/contract/fit-request.ts';
import type { Stage } from '../../src-main/contract/progress.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { divergenceOf } from '../../src-main/fit/quality.ts';
import { readGguf, metadataString } from '../../src-main/gguf/gguf.ts';
import { SHORT_LAYERS, shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { keptTrials } from '../helpers/kept-trials.ts';
import { timeKernels } from '../helpers/timed-home.ts';

let home: string;
let request: FitRequest;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'snug-choose-'));
  await timeKernels(home);
  request = {
    home,
    modelPath: shortModel,
    mmprojPath: shortMmproj,
    calibrationTokens: 3000,
    clusters: 50,
    threads: 1,
    rungs: { high: 'Q4_K_M', low: 'Q2_K' },
  };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a plan chosen by measuring', { timeout: 600_000 }, () => {
  it('is the nearest to the source of what fits, keeps to the budget, and says what it was compared with', async () => {
    const every = await fit({ ...request, lowLayers: SHORT_LAYERS }, {});
    const none = await fit({ ...request, lowLayers: 0 }, {});
    const budgetBytes = Math.round(
      (every.plan.predictedMemory.totalBytes + none.plan.predictedMemory.totalBytes) / 2,
    );
    const stages = new Set<Stage>();
    const fitted = await fit(
      { ...request, budgetBytes, plan: 'best' },
      { onProgress: ({ stage }) => stages.add(stage) },
    );
    expect(stages).toContain('choose');
    expect(fitted.plan.kind).toBe('best');
    expect(fitted.plan.predictedMemory.totalBytes).toBeLessThanOrEqual(budgetBytes);
    const names = fitted.candidates.map(({ name }) => name);
    // LUQ's own plan goes by the order that the model brings
    expect(names).toEqual(expect.arrayContaining(['tensors', 'edge-protected']));
    expect(names.length).toBeGreaterThan(2);
    for (const { totalBytes } of fitted.candidates) expect(totalBytes).toBeLessThanOrEqual(budgetBytes);
    const [chosen, ...others] = fitted.candidates.filter((candidate) => candidate.chosen);
    expect(others).toEqual([]);
    const least = Math.min(...fitted.candidates.map(({ quality }) => divergenceOf(quality)));
    expect(chosen && divergenceOf(chosen.quality)).toBeLessThanOrEqual(least * 1.02);
    // the file that was written is the plan that was measured
    expect(fitted.check.image?.meanKld).toBeCloseTo(chosen?.quality.image?.meanKld ?? NaN, 4);
    expect(fitted.files.luq.predictedMemory.weightsBytes).toBe(chosen?.weightsBytes);
    const output = fitted.files.luq.path ?? '';
    expect(metadataString(readGguf(output), 'luq.plan.kind')).toBe('best');

    const before = keptTrials(home, fitted.model.sourceSha256);
    await fit({ ...request, budgetBytes, plan: 'best' }, {});
    expect(keptTrials(home, fitted.model.sourceSha256)).toEqual(before);
  });

  it('is refused when it would break the quality asked for, with what that quality takes', async () => {
    const limited = { ...request, maxKld: 1e-9 };
    const error = (await fit({ ...limited, lowLayers: SHORT_LAYERS }, {}).catch(
      (reason: unknown) => reason,
    )) as SnugError;
    expect(error).toMatchObject({ code: 'DOES_NOT_FIT' });
    expect(error.message).toContain('1e-9');
    // a limit that everything keeps changes nothing
    const kept = await fit({ ...request, lowLayers: 2, maxKld: 50, minAgreement: 0 }, {});
    expect(kept.plan.lowLayers).toBe(2);
    const between = { ...request, maxKld: 1.0001 * (kept.check.image?.meanKld ?? 0) };
    const refused = (await fit({ ...between, lowLayers: SHORT_LAYERS }, {}).catch(
      (reason: unknown) => reason,
    )) as SnugError;
    expect(refused).toMatchObject({ code: 'DOES_NOT_FIT' });
    expect(refused.remedies.map(({ kind }) => kind)).toContain('allow-divergence');
  });

  it('takes the layers in the order asked for', async () => {
    const ordered = async (ordering: Ordering) =>
      (await fit({ ...request, lowLayers: 3, ordering }, {})).plan.order;
    const descending = await fit({ ...request, lowLayers: 3, ordering: 'entropy-descending' }, {});
    const bits = descending.plan.order.map((layer) => descending.layers[layer]?.entropyBits.both ?? NaN);
    expect(bits).toEqual(bits.toSorted((a, b) => b - a));
    const layers = Array.from({ length: SHORT_LAYERS }, (_, layer) => layer);
    // neighbours that entropy does not tell apart go by what they lose
    expect((await ordered('entropy')).toSorted((a, b) => a - b)).toEqual(layers);
    expect(await ordered('depth')).toEqual(layers);
    const sensitivity = await ordered('sensitivity');
    expect(sensitivity.toSorted((a, b) => a - b)).toEqual(layers);
  });
});
