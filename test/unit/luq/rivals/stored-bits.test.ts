import { expect, it } from 'vitest';
import { RIVAL_METHODS } from '../../../../src-main/luq/rivals/methods.ts';
import { paperBits, storedBits } from '../../../../src-main/luq/rivals/stored-bits.ts';

const ROWS = 4096;
const COLUMNS = 4096;
const method = (name: string) => {
  const found = RIVAL_METHODS.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

// a scale of 16 bits and a zero point of a code's bits for 128 weights: GPTQ's paper says 0.15 bits a weight at 3 bits
it.each([
  ['GPTQ 4', 4 + 20 / 4096, 4],
  ['GPTQ 4 g128', 4 + 20 / 128, 4],
  ['GPTQ 3 g128', 3 + 19 / 128, 3],
  ['GPTQ 2', 2 + 18 / 4096, 2],
  ['GPTQ 2 g128', 2 + 18 / 128, 2],
  ['AWQ 4 g128', 4 + 20 / 128, 4],
])('%s stores %f bits a weight', (name, stored, paper) => {
  const matrix = { rows: ROWS, columns: COLUMNS, salientColumns: 0 };
  expect(storedBits(method(name), matrix) / (ROWS * COLUMNS)).toBeCloseTo(stored, 12);
  expect(paperBits(method(name), matrix) / (ROWS * COLUMNS)).toBe(paper);
});

it('BiLLM’s 1.08 bits are signs alone, with 8 % of the columns salient', () => {
  const matrix = { rows: ROWS, columns: COLUMNS, salientColumns: COLUMNS * 0.08 };
  expect(paperBits(method('BiLLM'), matrix) / (ROWS * COLUMNS)).toBeCloseTo(1.08, 12);
  // with which group each weight is in, which columns are salient, and four scales a row and block
  const stored = 1.08 + 0.92 + 1 / ROWS + (4 * 16) / 128;
  expect(storedBits(method('BiLLM'), matrix) / (ROWS * COLUMNS)).toBeCloseTo(stored, 12);
});

it('a last group that is shorter has scales of its own', () => {
  const matrix = { rows: 10, columns: 160, salientColumns: 0 };
  expect(storedBits(method('GPTQ 2 g128'), matrix)).toBe(10 * 160 * 2 + 10 * 2 * 18);
});
