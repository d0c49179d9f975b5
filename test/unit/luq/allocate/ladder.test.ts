import { describe, expect, it } from 'vitest';
import { tensorTypeId, tensorTypeName } from '../../../../src-main/gguf/tensor-types.ts';
import { itemsOf } from '../../../../src-main/luq/allocate/items.ts';
import { bitsPerWeight, LADDER, storedAs, typesFor } from '../../../../src-main/luq/allocate/ladder.ts';

const stored = (type: string, columns: number) => tensorTypeName(storedAs(tensorTypeId(type), columns));
const named = (types: readonly number[]) => types.map(tensorTypeName);
const matrix = (type: string, columns: number) => ({
  name: 'blk.0.ffn_down.weight',
  type: tensorTypeId(type),
  shape: [columns, 10],
  elements: columns * 10,
});

describe('the ladder', () => {
  it('has ascending bits', () => {
    const bits = LADDER.map((type) => bitsPerWeight(tensorTypeId(type)));
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
    expect([bits[0], bits.at(-1)]).toEqual([1.5625, 16]);
  });

  it('falls back as llama.cpp does where rows do not divide by 256', () => {
    expect(stored('Q4_K', 512)).toBe('Q4_K');
    const types = ['IQ1_S', 'IQ2_S', 'IQ4_XS', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_NL', 'Q8_0'];
    expect(types.map((type) => stored(type, 96))).toEqual([
      ...['IQ4_NL', 'IQ4_NL', 'IQ4_NL', 'Q4_0', 'Q4_0', 'Q5_0', 'Q5_1', 'Q8_0', 'IQ4_NL', 'Q8_0'],
    ]);
    expect(types.map((type) => stored(type, 40))).toEqual(types.map(() => 'F16'));
  });

  it('offers each type once, and none that takes more than the source', () => {
    expect(named(typesFor(256, tensorTypeId('F16')))).toEqual([...LADDER]);
    expect(named(typesFor(256, tensorTypeId('BF16')))).toEqual([...LADDER.slice(0, -1), 'BF16']);
    expect(named(typesFor(96, tensorTypeId('F16')))).toEqual([
      'IQ4_NL',
      'Q4_0',
      'Q5_0',
      'Q5_1',
      'Q8_0',
      'F16',
    ]);
    expect(named(typesFor(40, tensorTypeId('F16')))).toEqual(['F16']);
    expect(named(typesFor(256, tensorTypeId('F32')))).toEqual([...LADDER]);
    expect(named(typesFor(256, tensorTypeId('Q4_K'))).at(-1)).toBe('Q4_K');
    expect(typesFor(256, 39)).toEqual([39]);
  });

  it('has no type that needs an importance matrix where there is none, and the source for nothing', () => {
    const [item] = itemsOf([matrix('F16', 256)], { costs: () => 1, hasImportance: () => false });
    expect(named(item?.choices.map(({ type }) => type) ?? [])).toEqual([
      ...['Q2_K', 'IQ3_S', 'Q3_K', 'IQ4_XS', 'IQ4_NL', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_0', 'F16'],
    ]);
    expect(item?.choices.map(({ cost }) => cost)).toEqual([...Array.from({ length: 9 }, () => 1), 0]);
    expect(item?.choices.at(-1)?.bytes).toBe(5120);
    expect(item?.choices[0]?.bytes).toBe(840);
  });
});
