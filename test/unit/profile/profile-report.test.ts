import { afterEach, expect, it, vi } from 'vitest';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { probedKinds, type Shape } from '../../../src-main/profile/profile-report.ts';

/** A processor with a wide layout of IQ1_M and IQ2_XXS, where rows divide by 16. */
const WIDE = [tensorTypeId('IQ1_M'), tensorTypeId('IQ2_XXS')];
const addon = {
  loadedWeight: ({ type, rows, wide }: Parameters<Addon['loadedWeight']>[0]) => ({
    bytes: wide && WIDE.includes(type) && rows % 16 === 0 ? 2 : 1,
    rearranged: true,
  }),
} as unknown as Addon;
const shapes: readonly Shape[] = [
  [256, 512, 2],
  [256, 100, 1],
];

afterEach(() => vi.unstubAllEnvs());

it('a profile has each type once, and one with a wide layout in that as well', () => {
  vi.stubEnv('SNUG_KERNELS', 'auto');
  const kinds = probedKinds(addon, shapes);
  const names = ['F16', 'Q8_0', 'Q6_K', 'Q4_K', 'Q2_K'];
  expect(kinds.map(({ type, wide }) => `${type} ${wide}`)).toEqual([
    ...names.map((name) => `${name} false`),
    ...['IQ2_XXS false', 'IQ2_XXS true', 'IQ1_M false', 'IQ1_M true'],
  ]);
  const type = tensorTypeId('IQ1_M');
  const large = { type, columns: 256, rows: 512, wide: true };
  expect(kinds.at(-1)?.matrices).toEqual([large, large, { type, columns: 256, rows: 100 }]);
});

it('a profile with llama.cpp’s kernels has each type in its usual layout', () => {
  vi.stubEnv('SNUG_KERNELS', 'stock');
  expect(probedKinds(addon, shapes).every(({ wide }) => !wide)).toBe(true);
});

it('a profile of a model whose rows no K-quant holds leaves those types out', () => {
  expect(probedKinds(addon, [[320, 320, 1]]).map(({ type }) => type)).toEqual(['F16', 'Q8_0']);
});
