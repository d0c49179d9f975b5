import { describe, expect, it } from 'vitest';
import type { EntropyBits } from '../../../../src-main/contract/fit-report.ts';
import {
  bitsOf,
  bitsOfLayers,
  canBeToldApart,
  orderStability,
  undecidedAtCut,
  type LayerEntropy,
} from '../../../../src-main/luq/entropy/statistics.ts';
import { seededRandom } from '../../../../src-main/luq/random.ts';
import { normal } from '../../../helpers/rows.ts';

const layer = (seeds: number[], rest: Partial<LayerEntropy> = {}): LayerEntropy => ({
  ...{ seeds, firstHalf: seeds, secondHalf: seeds, image: null, text: null },
  ...rest,
});

describe('the entropy of a layer', () => {
  it('is the mean over seeds, with the standard error of that mean', () => {
    const { both, standardError } = bitsOf(layer([6.1, 6.3, 6.2, 6.4]));
    expect(both).toBeCloseTo(6.25, 12);
    // s² = 0.05 / 3 over four
    expect(standardError).toBeCloseTo(Math.sqrt(0.05 / 3 / 4), 12);
  });

  it('of one seed has no error that is known', () => {
    expect(bitsOf(layer([6.1]))).toMatchObject({ both: 6.1, standardError: 0 });
  });

  it('is that of pictures and text alone where there are enough of them', () => {
    expect(bitsOf(layer([6], { image: [5, 5.5], text: null }))).toMatchObject({ image: 5.25, text: null });
  });
});

describe('the error of an entropy', () => {
  /** Layers of equal entropy: seeds spread it by `ofSeeds`, which tokens were sampled by `ofTokens` (of the whole sample). */
  function drawn(ofSeeds: number, ofTokens: number, seeds: number, layers = 400): EntropyBits[] {
    const random = seededRandom(5);
    const around = (centre: number, count: number) =>
      Array.from({ length: count }, () => centre + ofSeeds * normal(random));
    return bitsOfLayers(
      Array.from({ length: layers }, () => {
        const [first, second] = [6, 6].map((bits) => bits + ofTokens * Math.SQRT2 * normal(random));
        return layer(around(((first ?? 0) + (second ?? 0)) / 2, seeds), {
          firstHalf: around(first ?? 0, 4),
          secondHalf: around(second ?? 0, 4),
        });
      }),
    );
  }

  const rootMeanSquare = (bits: readonly EntropyBits[]) =>
    Math.sqrt(bits.reduce((sum, { standardError }) => sum + (standardError ?? 0) ** 2, 0) / bits.length);
  const spread = (bits: readonly EntropyBits[]) =>
    Math.sqrt(bits.reduce((sum, { both }) => sum + (both - 6) ** 2, 0) / bits.length);

  it('shrinks with the root of the number of seeds', () => {
    const random = seededRandom(7);
    const measured = (seeds: number) =>
      Array.from({ length: 400 }, () =>
        bitsOf(layer(Array.from({ length: seeds }, () => 6 + 0.05 * normal(random)))),
      );
    const ratio = rootMeanSquare(measured(4)) / rootMeanSquare(measured(64));
    expect(ratio).toBeGreaterThan(3.6);
    expect(ratio).toBeLessThan(4.4);
  });

  it.each([
    ['of seeds', 0.05, 0],
    ['of tokens', 0, 0.02],
    ['of both', 0.05, 0.02],
  ])('%s is as large as layers really scatter', (_, ofSeeds, ofTokens) => {
    const bits = drawn(ofSeeds, ofTokens, 16);
    expect(rootMeanSquare(bits) / spread(bits)).toBeGreaterThan(0.85);
    expect(rootMeanSquare(bits) / spread(bits)).toBeLessThan(1.15);
  });

  it('leaves out what another sample does to all layers alike', () => {
    const shifted = bitsOfLayers(
      [6, 6.1, 6.2].map((bits) => layer([bits], { firstHalf: [bits + 0.3], secondHalf: [bits - 0.3] })),
    );
    for (const { standardError } of shifted) expect(standardError).toBeCloseTo(0, 12);
  });

  it('is that of the seeds where the halves were too small to be measured', () => {
    const [one] = bitsOfLayers([layer([6, 6.2], { firstHalf: null, secondHalf: null }), layer([6, 6.2])]);
    expect(one?.standardError).toBeCloseTo(0.1, 12);
  });
});

describe('layers at the cut', () => {
  const bits = (both: number, standardError: number | null): EntropyBits => ({
    ...{ both, standardError, image: null, text: null },
  });

  it('are told apart by more than two standard errors of their difference', () => {
    expect(canBeToldApart(bits(6, 0.03), bits(6.101, 0.04))).toBe(true);
    expect(canBeToldApart(bits(6, 0.03), bits(6.099, 0.04))).toBe(false);
  });

  it('are told apart whenever they differ where no error is known', () => {
    expect(canBeToldApart(bits(6, null), bits(6.001, null))).toBe(true);
    expect(canBeToldApart(bits(6, null), bits(6, null))).toBe(false);
  });

  it('are named where one on the other side might as well be here', () => {
    const entropies = [6, 6.1, 6.2, 6.22, 6.4].map((both) => bits(both, 0.02));
    const order = [0, 1, 2, 3, 4];
    expect(undecidedAtCut(entropies, order, 3)).toEqual([2, 3]);
    expect(undecidedAtCut(entropies, order, 1)).toEqual([]);
    expect(undecidedAtCut(entropies, order, 0)).toEqual([]);
    expect(undecidedAtCut(entropies, order, 5)).toEqual([]);
  });
});

describe('how stable the order is', () => {
  it('is told between halves of the seeds and halves of the tokens', () => {
    const layers = [
      layer([1, 1, 2, 2], { firstHalf: [3], secondHalf: [1] }),
      layer([2, 2, 1, 1], { firstHalf: [2], secondHalf: [2] }),
      layer([3, 3, 3, 3], { firstHalf: [1], secondHalf: [3] }),
    ];
    const { kendallTauSeeds, kendallTauHalves } = orderStability(layers);
    expect(kendallTauSeeds).toBeCloseTo(1 / 3, 12);
    expect(kendallTauHalves).toBe(-1);
  });

  it('is not called perfect when the halves were too small to be measured', () => {
    const layers = [1, 2, 3].map((both) => layer([both, both], { firstHalf: null, secondHalf: null }));
    expect(orderStability(layers).kendallTauHalves).toBeNull();
  });
});
