import { describe, expect, it } from 'vitest';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { identify, openContext } from '../../src-main/fit/context.ts';
import { localErrors } from '../../src-main/fit/local-errors.ts';
import { startMeasuring } from '../../src-main/fit/measuring-context.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

describe('the errors of a model that is to be fitted', { timeout: 300_000 }, () => {
  it('are known for every tensor from the calibration’s own sequences, pictures among them, and kept', async () => {
    const asked = {
      ...{ home: temporaryFolder(), modelPath: shortModel, mmprojPath: shortMmproj },
      ...{ calibrationTokens: 1000, clusters: 10, threads: 1 },
    };
    using context = await openContext(asked, {});
    const measuring = await startMeasuring(await identify(context));
    // without IQ1's tables, which take ten seconds to build
    const types = ['IQ3_XXS', 'Q4_K', 'Q8_0'].map(tensorTypeId);
    const { errors } = await localErrors(measuring, () => types);
    const matrices = measuring.source.text.gguf.tensors.filter(({ shape }) => shape.length > 1);
    expect([...errors.keys()].sort()).toEqual(matrices.map(({ name }) => name).sort());
    for (const [name, found] of errors) {
      const [low = NaN, middle = NaN, high = NaN] = types.map((type) => found.get(type));
      if (layerOf(name) !== undefined) expect(low).toBeGreaterThan(middle);
      expect(middle).toBeGreaterThan(high);
      expect(high).toBeGreaterThan(0);
    }
    const again = await localErrors(measuring, () => types);
    expect(again.errors).toEqual(errors);
  });
});
