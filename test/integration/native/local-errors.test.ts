import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { readImatrix } from '../../../src-main/gguf/imatrix.ts';
import { tensorBytes, tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { measureLocalErrors } from '../../../src-main/luq/gram/local-errors.ts';
import { seededRandom, shuffled } from '../../../src-main/luq/random.ts';
import { writeImportance } from '../../fixtures/families/importance.ts';
import { writeTextOnly } from '../../fixtures/models.ts';
import { randomTexts, walkOptions } from '../../helpers/gram-walks.ts';
import { normal, writeRows } from '../../helpers/rows.ts';
import { sharedFolder, temporaryFolder } from '../../helpers/temporary-folder.ts';

// What storing a matrix in a type does to its outputs, against plain code.

const { addon } = loadAddon();
const folder = sharedFolder();
const COLUMNS = 512;
const ROWS = 48;
const TYPES = ['Q8_0', 'Q4_K', 'IQ3_XXS', 'IQ2_XXS'].map(tensorTypeId);
const F32 = tensorTypeId('F32');

const random = seededRandom(11);
const values = (count: number, scale: (i: number) => number = () => 1) =>
  Float32Array.from({ length: count }, (_, i) => normal(random) * scale(i));
const weights = values(ROWS * COLUMNS, (i) => 1 + Math.floor(i / COLUMNS) / ROWS);
const importance = Float32Array.from({ length: COLUMNS }, (_, i) => 1 / (1 + (i % 64)));
const BLOCKS = [256, 256];
/** The mean of products of a few inputs, some of whose columns go together. */
const grams = BLOCKS.map((size) => {
  const inputs = Array.from({ length: 40 }, () => {
    const common = normal(random);
    return values(size).map((value, i) => value + (i % 3) * common);
  });
  return Float32Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    return inputs.reduce((sum, x) => sum + (x[i] ?? 0) * (x[j] ?? 0), 0) / inputs.length;
  });
});
const sourcePath = writeRows(folder, 'weights.f32', weights);
const gramPath = join(folder, 'inputs.gram');
writeFileSync(gramPath, Buffer.concat(grams.map((gram) => new Uint8Array(gram.buffer))));

const task = {
  ...{ sourcePath, sourceOffset: 0, sourceType: F32, columns: COLUMNS, rows: ROWS, threads: 2 },
  ...{ importance, types: TYPES, sample: Int32Array.from({ length: ROWS }, (_, row) => row) },
};
const inputs = { gramPath, blocks: BLOCKS };

/** What a type leaves of the weights [rows × columns]. */
async function leftBy(type: number): Promise<Float32Array> {
  const targetPath = join(folder, 'blocks');
  writeFileSync(targetPath, '');
  const { types: _, sample: __, ...tensor } = task;
  await addon.quantizeTensor({ ...tensor, targetPath, targetType: type });
  expect(tensorBytes(type, COLUMNS, weights.length)).toBe(readFileSync(targetPath).length);
  const stored = addon.dequantize(type, readFileSync(targetPath), weights.length);
  return weights.map((value, i) => value - (stored[i] ?? NaN));
}

/** d·H·dᵀ of every row, for a weighing of pairs of columns of a block. */
function rowErrors(d: Float32Array, pair: (block: number, i: number, j: number) => number): number[] {
  return Array.from({ length: ROWS }, (_, row) => {
    let sum = 0;
    BLOCKS.forEach((size, block) => {
      const first = row * COLUMNS + block * 256;
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const factor = pair(block, i, j);
          if (factor !== 0) sum += (d[first + i] ?? 0) * factor * (d[first + j] ?? 0);
        }
      }
    });
    return sum;
  });
}
const total = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0);
const withGrams = (block: number, i: number, j: number) => grams[block]?.[i * 256 + j] ?? NaN;

describe('local errors', () => {
  it.each([
    ['by the inputs', inputs, withGrams],
    [
      'by importance',
      { diagonal: importance },
      (block, i, j) => (i === j ? (importance[block * 256 + i] ?? NaN) : 0),
    ],
    ['evenly', {}, (_, i, j) => (i === j ? 1 : 0)],
  ] satisfies [string, object, Parameters<typeof rowErrors>[1]][])(
    'are shares of what the weights put out, weighed %s',
    async (_, weighed, pair) => {
      const found = await addon.localErrors({ ...task, ...weighed });
      expect(found.map(({ type }) => type)).toEqual(TYPES);
      const whole = total(rowErrors(weights, pair));
      for (const { type, error, standardError } of found) {
        expect(error).toBeCloseTo(total(rowErrors(await leftBy(type), pair)) / whole, 5);
        expect(standardError).toBe(0);
      }
    },
  );

  it('of a sample lie as near as its standard error says', async () => {
    const [all] = await addon.localErrors({ ...task, ...inputs, types: [tensorTypeId('Q4_K')] });
    let within = 0;
    const tries = 20;
    for (let seed = 0; seed < tries; seed++) {
      const sample = Int32Array.from(shuffled([...task.sample], seededRandom(seed)).slice(0, 12));
      const [some] = await addon.localErrors({ ...task, ...inputs, sample, types: [tensorTypeId('Q4_K')] });
      expect(some?.standardError).toBeGreaterThan(0);
      within +=
        Math.abs((some?.error ?? NaN) - (all?.error ?? NaN)) < 3 * (some?.standardError ?? NaN) ? 1 : 0;
    }
    // 99.7 % of them, were they normal; those of few rows have longer tails
    expect(within).toBeGreaterThanOrEqual(tries - 3);
  });

  it('are the same on any number of threads, and nothing for a type that holds the weights', async () => {
    const one = await addon.localErrors({ ...task, ...inputs, threads: 1 });
    const two = await addon.localErrors({ ...task, ...inputs, threads: 2 });
    expect(one).toEqual(two);
    expect(await addon.localErrors({ ...task, ...inputs, types: [F32] })).toEqual([
      { type: F32, error: 0, standardError: 0 },
    ]);
  });

  it('say where the inputs are not finite, and can be stopped', async () => {
    const broken = join(folder, 'broken.gram');
    const bytes = readFileSync(gramPath);
    bytes.writeFloatLE(NaN, 4 * 256);
    writeFileSync(broken, bytes);
    const measured = addon.localErrors({ ...task, ...inputs, gramPath: broken });
    await expect(measured).rejects.toMatchObject({ code: 'INCOHERENT' });
    const abort = new addon.AbortFlag();
    abort.set();
    await expect(addon.localErrors({ ...task, ...inputs }, abort)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});

describe('the local errors of a model', () => {
  it('are measured layer by layer, go on where they were stopped, and are kept', async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, 'errors'));
    const model = writeTextOnly(home, { layers: 3, tied: false });
    const imatrix = readImatrix(writeImportance(model, join(home, 'imatrix.gguf')));
    const walk = await walkOptions({ model }, home, (opened) => randomTexts(opened, [60, 50, 40, 30]));
    const open = () => Promise.resolve(walk);
    const steps: number[] = [];
    const options = {
      ...{ addon, source: walk.source, imatrix, typesFor: () => TYPES, seed: 1, threads: 1 },
      folder: join(home, 'errors'),
      onProgress: ({ done, total: of }: { done: number; total: number }) => steps.push(done / of),
    };
    let seen = 0;
    const stopping = measureLocalErrors(walk.layers, open, {
      ...options,
      onProgress: () => {
        seen += 1;
        // while the second layer is measured
        if (seen === 14) throw new Error('killed');
      },
    });
    await expect(stopping).rejects.toThrow('killed');
    const { tensors } = await measureLocalErrors(walk.layers, open, options);
    const matrices = walk.source.tensors.filter(({ shape }) => shape.length > 1);
    expect(tensors.map(({ name }) => name).sort()).toEqual(matrices.map(({ name }) => name).sort());
    for (const { name, weighed, sampledRows, types } of tensors) {
      expect(weighed).toBe(name === 'token_embd.weight' ? 'evenly' : 'inputs');
      expect(sampledRows).toBe(128);
      const isLayers = name.startsWith('blk.');
      // without an importance there is neither IQ3_XXS nor IQ2_XXS
      expect(types.map(({ type }) => type)).toEqual(isLayers ? TYPES : TYPES.slice(0, 2));
      const errors = types.map(({ error }) => error);
      expect(errors).toEqual([...errors].sort((a, b) => a - b));
      expect(errors[0]).toBeGreaterThan(0);
      expect(errors[0]).toBeLessThan(1e-3);
    }
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
    const again = () => Promise.reject(new Error('opened again'));
    expect(await measureLocalErrors(walk.layers, again, options)).toEqual({ tensors });
  });
});
