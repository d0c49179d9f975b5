import { expect, it } from 'vitest';
import { kendallTau } from '../../../../src-main/luq/entropy/kendall.ts';

it('is 1 for the same order and -1 for the reversed one, whatever the scale', () => {
  expect(kendallTau([1, 2, 3, 4], [10, 200, 201, 5000])).toBe(1);
  expect(kendallTau([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
});

it('counts one swapped pair of neighbours: 5 agree, 1 does not', () => {
  expect(kendallTau([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(4 / 6, 12);
});

it('corrects for ties: 4 agree, 1 does not, one tie on each side', () => {
  // pairs: a ties (0,1), b ties (2,3); (0,2) (0,3) (1,2) (1,3) agree
  expect(kendallTau([1, 1, 2, 3], [1, 2, 3, 3])).toBeCloseTo(4 / Math.sqrt(5 * 5), 12);
  // scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) = -0.47140452079103173
  expect(kendallTau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.47140452079103173, 12);
});

it('is the same both ways round', () => {
  const a = [3, 1, 4, 1, 5, 9, 2, 6];
  const b = [2, 7, 1, 8, 2, 8, 1, 8];
  expect(kendallTau(a, b)).toBe(kendallTau(b, a));
});

it('two rankings without any difference rank alike', () => {
  expect(kendallTau([5], [7])).toBe(1);
  expect(kendallTau([2, 2, 2], [3, 3, 3])).toBe(1);
});

it('a ranking that says nothing does not agree with one that does', () => {
  expect(kendallTau([0, 0, 0], [1, 2, 3])).toBe(0);
});

it('rankings of different lengths are not compared', () => {
  expect(() => kendallTau([1, 2], [1, 2, 3])).toThrow(RangeError);
});
