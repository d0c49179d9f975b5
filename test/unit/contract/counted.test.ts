import { describe, expect, it } from 'vitest';
import { counted } from '../../../src-main/contract/counted.ts';

describe('a number of things', () => {
  it.each([
    [0, '0 tokens'],
    [1, '1 token'],
    [2, '2 tokens'],
    [1024, '1,024 tokens'],
  ])('says %i as %s', (count, words) => {
    expect(counted(count, 'token')).toBe(words);
  });

  it('takes a plural that is not made with an s', () => {
    expect([1, 2].map((count) => counted(count, 'match', 'matches'))).toEqual(['1 match', '2 matches']);
  });
});
