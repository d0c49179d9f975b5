import { describe, expect, it } from 'vitest';
import { readVisionModel } from '../../../src-main/models/model-file.ts';
import { byPrecision, isSameEncoder } from '../../../src-main/models/same-encoder.ts';
import { writeStoredEncoder, type StoredAs } from '../../helpers/stored-encoders.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const TYPES: readonly StoredAs[] = ['F32', 'F16', 'BF16', 'Q8_0'];
const stored = (options: Parameters<typeof writeStoredEncoder>[2], name = 'mmproj.gguf') =>
  readVisionModel(writeStoredEncoder(temporaryFolder(), name, options));

describe('two vision files', () => {
  const pairs = TYPES.flatMap((one) => TYPES.map((other) => [one, other] as const));

  it.each(pairs)('of one encoder in %s and %s are copies of it', (one, other) => {
    expect(isSameEncoder(stored({ type: one }), stored({ type: other }))).toBe(true);
  });

  it.each(pairs)('of two encoders of one shape in %s and %s are not', (one, other) => {
    expect(isSameEncoder(stored({ type: one, seed: 1 }), stored({ type: other, seed: 2 }))).toBe(false);
  });

  it('of other shapes are not', () => {
    expect(isSameEncoder(stored({ width: 32 }), stored({ width: 64 }))).toBe(false);
  });
});

it('the most precise comes first; of two in one type the shorter name', () => {
  const all = [
    ...TYPES.toReversed().map((type) => stored({ type })),
    stored({ type: 'F16' }, 'mmproj (1).gguf'),
  ];
  const order = all.toSorted(byPrecision);
  expect(order.map(({ weightType }) => weightType)).toEqual(['F32', 'F16', 'F16', 'BF16', 'Q8_0']);
  expect(order[2]?.path).toContain('(1)');
});
