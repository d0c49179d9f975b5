import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { extraBytes, layoutsOf } from '../../../src-main/luq/plan/loaded-weights.ts';
import { openModel } from '../../../src-main/models/open-model.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import {
  tensorBytes,
  tensorTypeId,
  tensorTypeName,
  tensorTypes,
} from '../../../src-main/gguf/tensor-types.ts';
import { DEMO_IMAGE_TOKENS } from '../../fixtures/demo.ts';
import { writeFullSize } from '../../fixtures/full-size.ts';
import { QWEN_3B, writeSparseQwenVl } from '../../fixtures/sparse-models.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// What the addon makes of the processor: kernel speeds and the layouts of weights.

const { addon } = loadAddon();
const limits = DEMO_IMAGE_TOKENS;
const folder = sharedFolder();
// tied embeddings, which some layouts hold twice
const files = writeSparseQwenVl(folder, { ...QWEN_3B, name: 'two layers', layers: 2, vocabulary: 4096 });

describe('the kernel probe', () => {
  const probe = (type: string, columns: number, rows: number) =>
    addon.probeProduct({
      type: tensorTypeId(type),
      columns,
      rows,
      workingSetBytes: 4 * 2 ** 20,
      seconds: 0.02,
      threads: 1,
    });

  it.each(['F32', 'F16', 'BF16', 'Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ1_M'])('measures %s', async (type) => {
    const bytesPerSecond = await probe(type, 512, 512);
    expect(bytesPerSecond).toBeGreaterThan(1e6);
    expect(bytesPerSecond).toBeLessThan(1e13);
  });

  it('refuses a shape that the type cannot have', async () => {
    await expect(probe('Q4_K', 320, 16)).rejects.toMatchObject({ code: 'PROBE' });
    expect(() => probe('Q4_K', 512, 0)).toThrow(TypeError);
  });
});

describe('a weight that is multiplied with', () => {
  const shape = { columns: 512, rows: 1024 };
  const inFile = (type: number) => tensorBytes(type, shape.columns, shape.columns * shape.rows);

  it.each(tensorTypes().filter(({ id }) => !/^(I\d|F64)/.test(tensorTypeName(id))))(
    'of type $name takes its own bytes, or more where it is arranged anew',
    ({ id }) => {
      const { bytes, rearranged } = addon.loadedWeight({ type: id, ...shape });
      if (rearranged) expect(bytes).toBeGreaterThanOrEqual(inFile(id) ?? NaN);
      else expect(bytes).toBe(inFile(id));
    },
  );

  it('takes what is predicted once its model was read into memory', async () => {
    const { gguf } = readTextModel(files.model);
    const quantized = join(folder, 'quantized.gguf');
    const types = new Map(
      gguf.tensors.map(({ name, shape, type }) => [name, shape.length === 2 ? tensorTypeId('Q8_0') : type]),
    );
    await writeFullSize(addon, gguf, types, quantized);
    const { tensors } = readGguf(quantized);
    const stored = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    using model = await openModel(addon, { path: quantized, mapped: false, limits, threads: 1 });
    const { weightsBytes } = await model.memory({ contextTokens: 256, batchTokens: 256, threads: 1 });
    expect(weightsBytes).toBe(stored + extraBytes({ tensors }, layoutsOf(addon, tensors).lean));
  });

  it('refuses a shape that the type cannot have', () => {
    const wrong = [
      { type: 12, columns: 320, rows: 16 },
      { type: 12, columns: 256, rows: 0 },
      { type: 9999, columns: 256, rows: 16 },
      { type: NaN, columns: 256, rows: 16 },
    ];
    for (const weight of wrong) expect(() => addon.loadedWeight(weight)).toThrow(TypeError);
  });
});
