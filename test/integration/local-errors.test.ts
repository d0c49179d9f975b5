import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnProgress } from '../../src-main/contract/progress.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { identify, openContext, type ReadContext } from '../../src-main/fit/context.ts';
import { localErrors, PICTURES_IN_ERRORS } from '../../src-main/fit/local-errors.ts';
import { chooseLuq } from '../../src-main/fit/luq-choice.ts';
import { startMeasuring, type MeasuringContext } from '../../src-main/fit/measuring-context.ts';
import { tieErrors } from '../../src-main/fit/tie-errors.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { SHORT_LAYERS, shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// What types do to single tensors of a calibrated model.

// without IQ1's tables, which take ten seconds to build
const TYPES = ['Q2_K', 'IQ3_XXS', 'Q3_K', 'Q4_K', 'Q8_0'].map(tensorTypeId);
const ladder = () => TYPES;

describe('the errors of a model that is to be fitted', { timeout: 300_000 }, () => {
  const home = sharedFolder();
  let context: ReadContext & Disposable;
  let measuring: MeasuringContext;

  beforeAll(async () => {
    const demo = { home, modelPath: shortModel, mmprojPath: shortMmproj };
    const quick = { calibrationTokens: 1000, clusters: 10, threads: 1 };
    const plan = { plan: 'luq', ordering: 'entropy', lowLayers: 2 } as const;
    context = await openContext({ ...demo, ...quick, ...plan, rungs: { high: 'Q4_K_M', low: 'Q2_K' } }, {});
    measuring = await startMeasuring(await identify(context));
  }, 300_000);
  afterAll(() => context[Symbol.dispose]());

  const folder = () => join(dirname(measuring.calibrated.imatrixPath), `grams-${PICTURES_IN_ERRORS}`);
  const measured = (watched: Partial<MeasuringContext> = {}) =>
    localErrors({ ...measuring, ...watched }, { ladder });

  it('are known for every tensor from the calibration’s own sequences, pictures among them', async () => {
    const errors = await measured();
    const matrices = measuring.source.text.gguf.tensors.filter(({ shape }) => shape.length > 1);
    expect([...errors.keys()].sort()).toEqual(matrices.map(({ name }) => name).sort());
    const [low, middle, high] = ['IQ3_XXS', 'Q4_K', 'Q8_0'].map(tensorTypeId);
    for (const [name, found] of errors) {
      const at = (type: number | undefined) => found.get(type ?? -1) ?? NaN;
      if (layerOf(name) !== undefined) expect(at(low)).toBeGreaterThan(at(middle));
      expect(at(middle)).toBeGreaterThan(at(high));
      expect(at(high)).toBeGreaterThan(0);
    }
  });

  it('stopped in the middle are gone on with: the same numbers, and no layer twice', async () => {
    const whole = await measured();
    rmSync(folder(), { recursive: true });
    const stopped = new AbortController();
    const before: string[] = [];
    const after: string[] = [];
    const stopping: OnProgress = ({ done, total }) => {
      if (done >= 0.6 * total) stopped.abort();
    };
    const first = { addon: watching(before), signal: stopped.signal, onProgress: stopping };
    await expect(measured(first)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await measured({ addon: watching(after) })).toEqual(whole);
    // what was begun of the layer that it was at is lost
    const perLayer = whole.size / SHORT_LAYERS;
    expect(after.length).toBeLessThanOrEqual(whole.size - before.length + perLayer);
    const again: string[] = [];
    expect(await measured({ addon: watching(again) })).toEqual(whole);
    expect(again).toEqual([]);
  });

  it('grow to the end in their progress, and say no more than there is', async () => {
    rmSync(folder(), { recursive: true });
    const told: number[] = [];
    await measured({ onProgress: ({ done, total }) => told.push(done / total) });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
    expect(new Set(told).size).toBeGreaterThan(20);
  });

  it('settle which layers go low that entropy does not tell apart, and are measured once for that', async () => {
    const { calibrated } = measuring;
    const alike = calibrated.entropies.map((bits, layer) => ({ ...bits, both: layer, standardError: 99 }));
    const names: string[] = [];
    const tied = { ...measuring, addon: watching(names), calibrated: { ...calibrated, entropies: alike } };
    const { order, layerTypes } = await chooseLuq(tied);
    const errors = (await tieErrors(tied)) ?? [];
    expect(errors).toHaveLength(SHORT_LAYERS);
    const byError = [...errors.keys()].sort((a, b) => (errors[a] ?? NaN) - (errors[b] ?? NaN));
    expect(order).toEqual(byError);
    expect(byError).not.toEqual([...errors.keys()]);
    expect(layerTypes.flatMap((type, layer) => (type === 'Q2_K' ? [layer] : []))).toEqual(
      byError.slice(0, 2).sort(),
    );
    expect(new Set(names).size).toBe(names.length);
    const apart = calibrated.entropies.map((bits, layer) => ({ ...bits, both: layer, standardError: 0 }));
    const told = { ...measuring, calibrated: { ...calibrated, entropies: apart } };
    expect((await chooseLuq(told)).order).toEqual([...errors.keys()]);
  });

  /** An addon that notes whose errors were measured. */
  function watching(names: string[]): MeasuringContext['addon'] {
    const { addon, source } = measuring;
    return {
      ...addon,
      localErrors: (task, ...rest) => {
        const tensor = source.text.gguf.tensors.find(({ offset }) => offset === task.sourceOffset);
        names.push(tensor?.name ?? '');
        return addon.localErrors(task, ...rest);
      },
    };
  }
});
