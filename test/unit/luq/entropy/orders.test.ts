import { describe, expect, it } from 'vitest';
import { ORDERINGS } from '../../../../src-main/contract/fit-request.ts';
import { orderLayers, orderTau } from '../../../../src-main/luq/entropy/orders.ts';

const basis = {
  entropyBits: [6.1, 6.5, 6.2, 6.4, 6.0],
  sensitivity: [0.9, 0.1, 0.2, 0.1, 0.8],
  seed: 3,
};

describe('an order of layers', () => {
  it.each([
    ['entropy', [4, 0, 2, 3, 1]],
    ['entropy-descending', [1, 3, 2, 0, 4]],
    ['depth', [0, 1, 2, 3, 4]],
    ['edge-protected', [2, 3, 1, 4, 0]],
    ['sensitivity', [1, 3, 2, 4, 0]],
  ] as const)('by %s puts what goes low first in front', (ordering, expected) => {
    expect(orderLayers(ordering, basis)).toEqual(expected);
  });

  it('of equal scores goes by index', () => {
    expect(orderLayers('entropy', { entropyBits: [5, 3, 6, 3, 1], seed: 0 })).toEqual([4, 1, 3, 0, 2]);
  });

  it('at random depends on the seed alone', () => {
    const at = (seed: number) => orderLayers('random', { entropyBits: new Array<number>(28).fill(6), seed });
    expect(at(1)).toEqual(at(1));
    expect(at(1)).not.toEqual(at(2));
    const other = { entropyBits: Array.from({ length: 28 }, (_, i) => 28 - i), seed: 1 };
    expect(orderLayers('random', other)).toEqual(at(1));
  });

  it.each(ORDERINGS)('by %s holds every layer once', (ordering) => {
    expect(orderLayers(ordering, basis).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  it('by sensitivity has to be measured first', () => {
    expect(() => orderLayers('sensitivity', { ...basis, sensitivity: undefined })).toThrow(/sensitivity/);
  });
});

it("Kendall's τ compares where layers stand, not how the lists look", () => {
  expect(orderTau([2, 0, 1], [2, 0, 1])).toBe(1);
  expect(orderTau([2, 0, 1], [1, 0, 2])).toBe(-1);
  // one of three pairs swapped
  expect(orderTau([0, 1, 2], [0, 2, 1])).toBeCloseTo(1 / 3, 12);
});
