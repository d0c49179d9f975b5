import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import type { RivalTask } from '../../../src-main/engine/native-quantizing.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';
import { normal, writeRows } from '../../helpers/rows.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// GPTQ, AWQ and BiLLM on small matrices, held against what their papers say and against themselves written plainly.

const { addon } = loadAddon();
const folder = sharedFolder();

const COLUMNS = 160;
const ROWS = 50;
const GROUP = 128;
type Matrix = readonly Float64Array[];

const random = seededRandom(4);
const matrix = (rows: number, columns: number, value: (row: number, column: number) => number): Matrix =>
  Array.from({ length: rows }, (_, row) => Float64Array.from({ length: columns }, (__, j) => value(row, j)));
const weights = matrix(ROWS, COLUMNS, () => Math.fround(normal(random) / 20));

/** The mean of x·xᵀ of inputs that have much in common, some channels far larger than others. */
function gramOf(columns: number): Matrix {
  const shared = matrix(columns, columns, (_, j) => normal(random) / (j + 1));
  const size = Array.from({ length: columns }, (_, j) => (j % 29 === 0 ? 8 : 1));
  return matrix(columns, columns, (i, j) => {
    const product = shared[i]?.reduce((sum, value, k) => sum + value * (shared[j]?.[k] ?? 0), 0) ?? 0;
    return Math.fround((product + (i === j ? 0.05 : 0)) * (size[i] ?? 1) * (size[j] ?? 1));
  });
}
const gram = gramOf(COLUMNS);
const identity = matrix(COLUMNS, COLUMNS, (i, j) => Number(i === j));
const diagonal = matrix(COLUMNS, COLUMNS, (i, j) => (i === j ? (gram[i]?.[i] ?? 0) : 0));

const at = (of: Matrix, row: number, column: number) => of[row]?.[column] ?? NaN;
const flat = (of: Matrix) => Float32Array.from(of.flatMap((row) => [...row]));

/** tr((W − Q)·H·(W − Q)ᵀ) */
function outputError(quantized: Matrix, h: Matrix, source = weights): number {
  return source.reduce((sum, row, r) => {
    const error = row.map((weight, j) => weight - at(quantized, r, j));
    const through = h.map((line) => line.reduce((inner, value, j) => inner + value * (error[j] ?? 0), 0));
    return sum + error.reduce((inner, value, j) => inner + value * (through[j] ?? 0), 0);
  }, 0);
}

let files = 0;
const written = (values: Float32Array) => writeRows(folder, `${files++}.f32`, values);
const sourcePath = written(flat(weights));

function taskOf(method: RivalTask['method'], h: Matrix, rest: Partial<RivalTask> = {}): RivalTask {
  return {
    method,
    sourcePath,
    sourceOffset: 0,
    sourceType: tensorTypeId('F32'),
    targetPath: join(folder, `${files++}.f16`),
    targetType: tensorTypeId('F16'),
    columns: COLUMNS,
    rows: ROWS,
    gramPath: written(flat(h)),
    blocks: [COLUMNS],
    threads: 1,
    ...rest,
  };
}

async function quantized(task: RivalTask) {
  const report = await addon.rivalTensor(task);
  const { rows, columns } = task;
  const values = addon.dequantize(task.targetType, readFileSync(task.targetPath), rows * columns);
  return { report, values: matrix(rows, columns, (row, j) => values[row * columns + j] ?? NaN) };
}

/** Levels of a grid from the least to the greatest weight and zero. */
function gridOf(values: Float64Array, bits: number): (value: number) => number {
  const [least, greatest] = [Math.min(0, ...values), Math.max(0, ...values)];
  const most = 2 ** bits - 1;
  const scale = Math.f16round((greatest - least) / most);
  const zero = Math.round(-least / scale);
  const within = (level: number) => Math.min(Math.max(level, 0), most);
  return (value) => scale * (within(Math.round(value / scale) + zero) - zero);
}

/** Rounding to the nearest, with a grid for each group of columns, or for the row. */
function nearest(bits: number, group: number): Matrix {
  return weights.map((row) => {
    const result = new Float64Array(COLUMNS);
    for (let first = 0; first < COLUMNS; first += group) {
      const part = row.subarray(first, first + group);
      const grid = gridOf(part, bits);
      result.set(part.map(grid), first);
    }
    return result;
  });
}

function inverse(of: Matrix): Matrix {
  const n = of.length;
  const rows = of.map((row, i) => Float64Array.from([...row, ...row.map((_, j) => (i === j ? 1 : 0))]));
  for (const [i, pivot] of rows.entries()) {
    const by = pivot[i] ?? NaN;
    pivot.forEach((value, j) => (pivot[j] = value / by));
    for (const [k, row] of rows.entries()) {
      const factor = row[i] ?? 0;
      if (k !== i) row.forEach((value, j) => (row[j] = value - factor * (pivot[j] ?? 0)));
    }
  }
  return rows.map((row) => row.subarray(n));
}

/** Optimal brain quantization in the order of the columns, by its own equations: H⁻¹ without the columns that are done. */
function plainGptq(h: Matrix, bits: number, groups: boolean): Matrix {
  const damping = (0.01 * h.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)) / COLUMNS;
  const left = weights.map((row) => row.slice());
  const result = weights.map((row) => row.slice());
  const damped = h.map((row, i) => row.map((value, j) => value + (i === j ? damping : 0)));
  let rest = inverse(damped);
  const grids = weights.map((row) => gridOf(row, bits));
  for (let column = 0; column < COLUMNS; column++) {
    const pivot = at(rest, column, column);
    for (const [r, row] of left.entries()) {
      if (groups && column % GROUP === 0) grids[r] = gridOf(row.subarray(column, column + GROUP), bits);
      const level = grids[r]?.(row[column] ?? NaN) ?? NaN;
      const error = ((row[column] ?? NaN) - level) / pivot;
      (result[r] ?? row)[column] = level;
      for (let j = column; j < COLUMNS; j++) row[j] = (row[j] ?? 0) - error * at(rest, column, j);
    }
    const line = rest[column] ?? new Float64Array();
    rest = rest.map((row, i) =>
      row.map((value, j) => value - (at(rest, i, column) * (line[j] ?? 0)) / pivot),
    );
  }
  return result;
}

describe('GPTQ', () => {
  it.each([
    [4, false],
    [3, true],
    [2, true],
  ])('%i bits, groups %s: is what its equations give', async (bits, groups) => {
    const { values, report } = await quantized(taskOf('gptq', gram, { bits, groups }));
    const plain = plainGptq(gram, bits, groups);
    const error = outputError(values, gram);
    // a weight between two levels may fall to the other one, and those after it follow
    expect(error / outputError(plain, gram)).toBeCloseTo(1, 1);
    const same = values.flatMap((row, r) => [
      ...row.map((value, j) => Number(Math.abs(value - at(plain, r, j)) < 1e-4)),
    ]);
    expect(same.filter(Boolean).length / same.length).toBeGreaterThan(0.9);
    const whole = outputError(
      matrix(ROWS, COLUMNS, () => 0),
      gram,
    );
    expect(report.error).toBeCloseTo(error / whole, 4);
  });

  it.each([4, 3, 2])(
    '%i bits: nearer than rounding on the same grid, and nearer still with groups',
    async (bits) => {
      const rows = outputError((await quantized(taskOf('gptq', gram, { bits }))).values, gram);
      const groups = outputError(
        (await quantized(taskOf('gptq', gram, { bits, groups: true }))).values,
        gram,
      );
      expect(rows).toBeLessThan(0.7 * outputError(nearest(bits, COLUMNS), gram));
      expect(groups).toBeLessThan(0.8 * outputError(nearest(bits, GROUP), gram));
      expect(groups).toBeLessThan(rows);
    },
  );

  it.each([true, false])('is rounding where inputs have nothing in common; groups %s', async (groups) => {
    const { values } = await quantized(taskOf('gptq', diagonal, { bits: 3, groups }));
    const expected = nearest(3, groups ? GROUP : COLUMNS);
    for (const [r, row] of values.entries())
      for (const [j, value] of row.entries()) expect(value).toBeCloseTo(at(expected, r, j), 3);
  });
});

describe('AWQ', () => {
  const alphas = Float32Array.from({ length: 21 }, (_, i) => i / 20);

  it('with alpha 0 is rounding in groups, clipped only where that is nearer', async () => {
    const task = taskOf('awq', gram, { bits: 4, alpha: 0 });
    const plain = outputError(nearest(4, GROUP), gram);
    const [first] = await addon.awqErrors(task, alphas);
    expect((first ?? NaN) / plain).toBeCloseTo(1, 2);
    expect(outputError((await quantized(task)).values, gram)).toBeLessThan(1.02 * plain);
  });

  it('scales what large inputs reach, so that the error there is smaller', async () => {
    const errors = [...(await addon.awqErrors(taskOf('awq', gram, { bits: 4 }), alphas))];
    const best = errors.indexOf(Math.min(...errors));
    expect(best).toBeGreaterThan(0);
    expect(errors[best]).toBeLessThan(0.8 * (errors[0] ?? 0));
    const { values } = await quantized(taskOf('awq', gram, { bits: 4, alpha: best / 20 }));
    expect(outputError(values, gram)).toBeLessThan(1.02 * (errors[best] ?? 0));
  });
});

describe('BiLLM', () => {
  const signed = (values: Float64Array, scale: number) => values.map((value) => (value < 0 ? -scale : scale));
  const meanOf = (values: Float64Array) =>
    values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;

  it('has two scales of salient weights and two of others for each row of 128', async () => {
    const { values, report } = await quantized(taskOf('billm', gram));
    const blocks = Math.ceil(COLUMNS / GROUP);
    expect(report.salientColumns).toBeGreaterThanOrEqual(blocks);
    expect(report.salientColumns).toBeLessThanOrEqual(30 * blocks);
    for (const row of values) {
      for (let first = 0; first < COLUMNS; first += GROUP) {
        const magnitudes = new Set(row.subarray(first, first + GROUP).map(Math.abs));
        expect(magnitudes.size).toBeLessThanOrEqual(4);
      }
    }
  });

  it('is nearer than one sign and the mean magnitude, which is the best scale', async () => {
    const binary = weights.map((row) => {
      const result = new Float64Array(COLUMNS);
      for (let first = 0; first < COLUMNS; first += GROUP) {
        const part = row.subarray(first, first + GROUP);
        const [best, ...others] = [1, 0.97, 1.03].map((factor) => {
          const signs = signed(part, factor * meanOf(part));
          return part.reduce((sum, value, j) => sum + (value - (signs[j] ?? 0)) ** 2, 0);
        });
        for (const other of others) expect(best).toBeLessThan(other);
        result.set(signed(part, meanOf(part)), first);
      }
      return result;
    });
    const { values } = await quantized(taskOf('billm', gram));
    expect(outputError(values, gram)).toBeLessThan(0.8 * outputError(binary, gram));
    const alone = await quantized(taskOf('billm', identity));
    expect(outputError(alone.values, identity)).toBeLessThan(0.7 * outputError(binary, identity));
  });

  it('binarizes columns of large weights that large inputs reach twice', async () => {
    const salient = matrix(ROWS, COLUMNS, (r, j) => at(weights, r, j) * (j % 16 === 3 ? 6 : 1));
    const path = written(flat(salient));
    const { report, values } = await quantized(taskOf('billm', identity, { sourcePath: path }));
    expect(report.salientColumns).toBe(COLUMNS / 16);
    // one sign and one scale leave 1 − 2/π of normal weights, 0.36; twice, or in two groups, an eighth
    const left = (columns: (j: number) => boolean) => {
      const sums = [0, 0];
      for (const [r, row] of salient.entries())
        for (const [j, weight] of row.entries())
          if (columns(j)) {
            sums[0] = (sums[0] ?? 0) + (weight - at(values, r, j)) ** 2;
            sums[1] = (sums[1] ?? 0) + weight ** 2;
          }
      return (sums[0] ?? 0) / (sums[1] ?? 1);
    };
    expect(left((j) => j % 16 === 3)).toBeLessThan(0.16);
    expect(left((j) => j % 16 !== 3)).toBeLessThan(0.16);
  });
});

describe.each(['gptq', 'awq', 'billm'] as const)('%s', (method) => {
  const options = { bits: 3, groups: true, alpha: 0.5 };

  it('gives the same weights with one thread and with two, and with H in blocks those of the blocks', async () => {
    const one = await quantized(taskOf(method, gram, options));
    const two = await quantized(taskOf(method, gram, { ...options, threads: 2 }));
    expect(two.values).toEqual(one.values);
    const [first, second] = [128, COLUMNS - 128];
    const parts = [
      gram.slice(0, first).map((row) => row.slice(0, first)),
      gram.slice(first).map((row) => row.slice(first)),
    ];
    const path = written(Float32Array.from(parts.flatMap((part) => [...flat(part)])));
    const blocks = [first, second];
    const { values } = await quantized(taskOf(method, gram, { ...options, gramPath: path, blocks }));
    const head = written(Float32Array.from(weights.flatMap((row) => [...row.subarray(0, first)])));
    const alone = await quantized(
      taskOf(method, parts[0] ?? [], {
        ...options,
        sourcePath: head,
        columns: first,
        blocks: [first],
      }),
    );
    expect(values.map((row) => row.slice(0, first))).toEqual(alone.values);
  });

  it.each([
    ['H that is zero', matrix(COLUMNS, COLUMNS, () => 0)],
    [
      'channels that nothing reaches',
      gram.map((row, i) => row.map((value, j) => (i % 5 && j % 5 ? value : 0))),
    ],
    ['H of rank one', matrix(COLUMNS, COLUMNS, (i, j) => (1 + (i % 3)) * (1 + (j % 3)))],
  ])('stands %s', async (_, h) => {
    const { values, report } = await quantized(taskOf(method, h, options));
    expect(Number.isFinite(report.error)).toBe(true);
    for (const row of values) for (const value of row) expect(Math.abs(value)).toBeLessThan(1);
  });

  it('leaves zeros zero, and refuses what is no number', async () => {
    const path = written(new Float32Array(ROWS * COLUMNS));
    const { values } = await quantized(taskOf(method, gram, { ...options, sourcePath: path }));
    for (const row of values) expect(row.every((value) => value === 0)).toBe(true);
    const broken = flat(gram);
    broken[7] = NaN;
    const inGram = addon.rivalTensor(taskOf(method, gram, { ...options, gramPath: written(broken) }));
    await expect(inGram).rejects.toMatchObject({ code: 'INCOHERENT' });
    const bad = flat(weights);
    bad[COLUMNS] = Infinity;
    const inWeights = addon.rivalTensor(taskOf(method, gram, { ...options, sourcePath: written(bad) }));
    await expect(inWeights).rejects.toMatchObject({ code: 'INCOHERENT' });
  });

  it('can be stopped, and refuses sums over other columns', async () => {
    const flag = new addon.AbortFlag();
    flag.set();
    await expect(addon.rivalTensor(taskOf(method, gram, options), flag)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const short = addon.rivalTensor(taskOf(method, gram, { ...options, blocks: [128] }));
    await expect(short).rejects.toMatchObject({ code: 'QUANTIZE' });
    const cut = addon.rivalTensor(taskOf(method, gram.slice(1), options));
    await expect(cut).rejects.toMatchObject({ code: 'FILE' });
  });
});
