import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { tensorTypeId, tensorTypes } from '../../../src-main/gguf/tensor-types.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';
import { quantizeTask } from '../../helpers/quantize-task.ts';
import { normal, writeRows } from '../../helpers/rows.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// The quantizers that are Snug's own give the bytes that ggml's give, whatever weights and importances are.

const { addon } = loadAddon();
const folder = sharedFolder();
const random = seededRandom(9);

const TYPES = [
  ...['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K'],
  ...['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'IQ4_NL', 'IQ4_XS'],
];
// one block, blocks of 32 alone, fewer blocks than lie side by side, a number that does not divide among them, and several turns
const WIDTHS = [256, 416, 1280, 4352];
const ROUNDED = 2 ** 16;

/** A row of each, so that a run of them holds its kind alone. */
const WEIGHTS: Readonly<Record<string, (i: number) => number>> = {
  usual: () => normal(random) / 50,
  'of 16 bits': () => Math.f16round(normal(random) / 50),
  'many alike': () => Math.round((normal(random) / 50) * 64) / 64,
  'of 8 bits': () => Math.round(normal(random) * ROUNDED) % 256,
  positive: () => Math.abs(normal(random)),
  'far below zero': () => -Math.abs(normal(random)) - 0.1,
  'mostly zero': () => (random() < 0.8 ? 0 : Math.round(normal(random) * 4)),
  'zeros of both signs': () => (random() < 0.5 ? -0 : normal(random) / 50),
  spiky: () => (random() < 0.02 ? normal(random) * 10 : normal(random) / 100),
  'of any size': () => normal(random) * 10 ** (12 * random() - 9),
  tiny: () => normal(random) * 1e-8,
  'as small as nothing': () => normal(random) * 1e-15,
  'vanishing in 16 bits': () => normal(random) * 1e-25,
  denormal: () => normal(random) * 1e-40,
  huge: () => normal(random) * 1e4,
  constant: () => -0.25,
  zero: () => 0,
  'zero in every third run': (i) => (Math.floor(i / 16) % 3 === 0 ? 0 : normal(random) / 30),
};
const IMPORTANCES: readonly (() => number)[] = [
  () => 1,
  random,
  () => (random() < 0.9 ? 0 : random()),
  () => 0,
  () => Math.exp(4 * normal(random)),
];

function blockOf(type: string): { readonly blockSize: number; readonly blockBytes: number } {
  const found = tensorTypes().find(({ name }) => name === type);
  if (!found) throw new Error(`there is no type ${type}`);
  return found;
}

describe.each(WIDTHS)('%d columns', (columns) => {
  const kinds = Object.values(WEIGHTS);
  const rows = kinds.length * IMPORTANCES.length;
  const importance = new Float32Array(columns * IMPORTANCES.length);
  let source: string;

  beforeAll(() => {
    for (let i = 0; i < importance.length; i++) importance[i] = IMPORTANCES[Math.floor(i / columns)]?.() ?? 0;
    const weights = Float32Array.from(
      { length: columns * rows },
      (_, i) => kinds[Math.floor(i / columns) % kinds.length]?.(i) ?? 0,
    );
    source = writeRows(folder, `weights-${String(columns)}.f32`, weights);
  });

  it.each(TYPES.filter((type) => columns % blockOf(type).blockSize === 0))('%s', async (type) => {
    const quantized = async (target: string, onlyGgml: boolean) => {
      const task = quantizeTask({ source, columns, rows, importance }, { folder, target, type });
      await addon.quantizeTensor({ ...task, rowsPerMatrix: kinds.length, threads: 2, onlyGgml });
      return readFileSync(task.targetPath);
    };
    const [ours, ggmls] = [await quantized(`${type}-ours`, false), await quantized(`${type}-ggmls`, true)];
    const { blockSize, blockBytes } = blockOf(type);
    expect(ours).toHaveLength(((columns * rows) / blockSize) * blockBytes);
    const names = Object.keys(WEIGHTS);
    const different = new Set<string>();
    for (let at = 0; at < ours.length; at += blockBytes) {
      if (ours.compare(ggmls, at, at + blockBytes, at, at + blockBytes) === 0) continue;
      const row = Math.floor(((at / blockBytes) * blockSize) / columns);
      different.add(
        `${names[row % kinds.length] ?? ''}, importance ${String(Math.floor(row / kinds.length))}`,
      );
    }
    expect([...different]).toEqual([]);
  });
});

it.runIf(process.arch === 'x64' && process.platform !== 'win32').each(TYPES)(
  '%s is quantized by code of our own here',
  (type) => {
    expect(addon.quantizesItself(tensorTypeId(type))).toBe(true);
  },
);

it('what ggml alone quantizes is said to be', () => {
  expect(addon.quantizesItself(tensorTypeId('Q8_0'))).toBe(false);
});
