import { expect, it } from 'vitest';
import {
  blockSize,
  isFloatType,
  tensorBytes,
  tensorTypeId,
  tensorTypeName,
  tensorTypes,
} from '../../../src-main/gguf/tensor-types.ts';
import { thrown } from '../../helpers/thrown.ts';

it('names and ids lead to each other', () => {
  for (const { id, name } of tensorTypes()) {
    expect(tensorTypeId(name)).toBe(id);
    expect(tensorTypeName(id)).toBe(name);
  }
  expect(tensorTypeName(999)).toBe('type 999');
  expect(thrown(() => tensorTypeId('Q9_X')).code).toBe('BAD_ARGUMENT');
});

it('sizes are those that llama.cpp prints as bits per weight', () => {
  const bitsPerWeight = (name: string) => ((tensorBytes(tensorTypeId(name), 256, 256) ?? 0) * 8) / 256;
  expect(bitsPerWeight('F16')).toBe(16);
  expect(bitsPerWeight('Q8_0')).toBe(8.5);
  expect(bitsPerWeight('Q6_K')).toBe(6.5625);
  expect(bitsPerWeight('Q4_K')).toBe(4.5);
  expect(bitsPerWeight('Q2_K')).toBe(2.625);
  expect(bitsPerWeight('IQ2_XXS')).toBe(2.0625);
  expect(bitsPerWeight('IQ1_M')).toBe(1.75);
  expect(bitsPerWeight('IQ1_S')).toBe(1.5625);
});

it('rows that do not divide into blocks and unknown types have no size', () => {
  expect(tensorBytes(tensorTypeId('Q4_K'), 100, 25_600)).toBeUndefined();
  expect(tensorBytes(4, 32, 32)).toBeUndefined();
});

it('floats are told from quantized types', () => {
  expect(['F32', 'F16', 'BF16'].every((name) => isFloatType(tensorTypeId(name)))).toBe(true);
  expect(['Q8_0', 'Q4_K', 'IQ1_M'].some((name) => isFloatType(tensorTypeId(name)))).toBe(false);
  expect(blockSize(tensorTypeId('Q8_0'))).toBe(32);
});
