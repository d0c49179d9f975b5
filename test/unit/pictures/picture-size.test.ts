import { describe, expect, it } from 'vitest';
import { sizeWithin, type PictureSize } from '../../../src-main/pictures/picture-size.ts';

const SIDE = 28;
const tokens = ({ width, height }: PictureSize) => (width / SIDE) * (height / SIDE);

describe('a picture scaled to a number of tokens', () => {
  it.each([
    [4032, 3024],
    [3024, 4032],
    [12_000, 2000],
    [1, 1],
    [30, 900],
    [2800, 28],
    [10, 1000],
    [16_383, 164],
  ])('of %d×%d never takes more, and is whole tokens', (width, height) => {
    for (const mostTokens of [1, 4, 10, 13, 36, 100, 972, 1024, 4096]) {
      const size = sizeWithin({ width, height }, SIDE, { leastTokens: 4, mostTokens });
      expect(tokens(size), `${mostTokens}`).toBeLessThanOrEqual(mostTokens);
      expect(tokens(size), `${mostTokens}`).toBeGreaterThanOrEqual(Math.min(4, mostTokens));
      expect([size.width % SIDE, size.height % SIDE]).toEqual([0, 0]);
    }
  });

  it('keeps its shape and uses most of what it may take', () => {
    const size = sizeWithin({ width: 4032, height: 3024 }, SIDE, { mostTokens: 1024 });
    expect(size.width / size.height).toBeCloseTo(4 / 3, 1);
    expect(tokens(size)).toBeGreaterThan(900);
  });

  it('is not enlarged, but to the least that the model takes', () => {
    expect(sizeWithin({ width: 60, height: 60 }, SIDE, { mostTokens: 1024 })).toEqual({
      width: 56,
      height: 56,
    });
    const size = sizeWithin({ width: 60, height: 60 }, SIDE, { leastTokens: 16, mostTokens: 36 });
    expect(tokens(size)).toBe(16);
  });
});
