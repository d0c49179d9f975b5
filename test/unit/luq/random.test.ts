import { describe, expect, it } from 'vitest';
import { seededRandom, shuffled } from '../../../src-main/luq/random.ts';

const numbers = (seed: number, count: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
};

describe('a seed', () => {
  it('gives the same numbers again, and another seed others', () => {
    expect(numbers(7, 50)).toEqual(numbers(7, 50));
    expect(numbers(7, 50)).not.toEqual(numbers(8, 50));
  });

  it("gives mulberry32's numbers, so that a plan can be made again by other programs", () => {
    expect(numbers(1, 3)).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  });

  it('gives numbers from 0 to below 1, evenly', () => {
    const bins = new Array<number>(10).fill(0);
    for (const value of numbers(3, 10_000)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
      const bin = Math.floor(value * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    // five standard deviations
    for (const size of bins) expect(Math.abs(size - 1000)).toBeLessThan(150);
  });
});

describe('shuffling', () => {
  const items = Array.from({ length: 100 }, (_, i) => i);

  it('keeps every item once and the original as it was', () => {
    const original = [...items];
    const mixed = shuffled(original, seededRandom(1));
    expect(original).toEqual(items);
    expect(mixed).not.toEqual(items);
    expect(mixed.toSorted((a, b) => a - b)).toEqual(items);
  });

  it('puts each item in each place about as often', () => {
    const random = seededRandom(5);
    const firsts = new Map<string, number>();
    for (let round = 0; round < 6000; round++) {
      const order = shuffled(['a', 'b', 'c'], random).join('');
      firsts.set(order, (firsts.get(order) ?? 0) + 1);
    }
    expect(firsts.size).toBe(6);
    for (const count of firsts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('of nothing is nothing', () => {
    expect(shuffled([], seededRandom(1))).toEqual([]);
  });
});
