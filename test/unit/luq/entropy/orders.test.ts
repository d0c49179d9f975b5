import { describe, expect, it } from 'vitest';
import { ORDERINGS } from '../../../../src-main/contract/fit-request.ts';
import { orderedByEntropy, orderLayers, orderTau } from '../../../../src-main/luq/entropy/orders.ts';

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

  it('gives what entropy can’t tell apart to the least local error', () => {
    const tied = {
      entropyBits: [6.0, 6.02, 6.045, 6.3, 6.31],
      standardErrors: [0.01, 0.01, 0.01, 0.01, 0.01],
      localErrors: [0.5, 0.3, 0.1, 0.2, 0.4],
      seed: 0,
    };
    // 6.00 and 6.02 are one, 6.04 is apart from the least; then 6.00 and 6.04 are apart, and so on
    expect(orderLayers('entropy', tied)).toEqual([1, 0, 2, 3, 4]);
    expect(orderLayers('entropy', { ...tied, standardErrors: tied.entropyBits.map(() => 0.02) })).toEqual([
      2, 1, 0, 3, 4,
    ]);
    expect(orderLayers('edge-protected', tied)).toEqual([1, 2, 3, 0, 4]);
    // what the paper's order is held against is its plain reverse
    expect(orderLayers('entropy-descending', tied)).toEqual([4, 3, 2, 1, 0]);
  });

  it('goes by entropy alone where errors of either kind are not known', () => {
    const { entropyBits } = basis;
    const unknown = { entropyBits, standardErrors: entropyBits.map(() => 9), seed: 0 };
    expect(orderLayers('entropy', unknown)).toEqual([4, 0, 2, 3, 1]);
    const localErrors = [5, 4, 3, 2, 1];
    expect(orderLayers('entropy', { entropyBits, localErrors, seed: 0 })).toEqual([4, 0, 2, 3, 1]);
    const old = { entropyBits, localErrors, standardErrors: entropyBits.map(() => null), seed: 0 };
    expect(orderLayers('entropy', old)).toEqual([4, 0, 2, 3, 1]);
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

it('a cut goes by entropy through the layers that are ordered by it', () => {
  expect(orderedByEntropy('entropy', [2, 0, 3, 1])).toEqual([2, 0, 3, 1]);
  expect(orderedByEntropy('edge-protected', [2, 1, 0, 3])).toEqual([2, 1]);
  expect(orderedByEntropy('sensitivity', [2, 1, 0, 3])).toEqual([]);
});
