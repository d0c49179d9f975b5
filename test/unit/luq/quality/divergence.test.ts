import { describe, expect, it } from 'vitest';
import { argMax, klDivergence, quantile } from '../../../../src-main/luq/quality/divergence.ts';
import { seededRandom } from '../../../../src-main/luq/random.ts';

/** By the book: softmax of both, then Σ p · ln(p / q). */
function reference(source: Float32Array, other: Float32Array): number {
  const softmax = (logits: Float32Array) => {
    const powers = [...logits].map(Math.exp);
    const sum = powers.reduce((all, power) => all + power, 0);
    return powers.map((power) => power / sum);
  };
  const p = softmax(source);
  const q = softmax(other);
  return p.reduce((sum, share, i) => sum + share * Math.log(share / (q[i] ?? 0)), 0);
}

function randomLogits(random: () => number, spread: number, length = 200): Float32Array {
  return Float32Array.from({ length }, () => (random() - 0.5) * spread);
}

describe('the KL divergence', () => {
  it('is what the definition gives', () => {
    const random = seededRandom(11);
    for (const spread of [0.1, 2, 20]) {
      const [source, other] = [randomLogits(random, spread), randomLogits(random, spread)];
      expect(klDivergence(source, other)).toBeCloseTo(reference(source, other), 8);
    }
  });

  it('of two thirds against one third is known', () => {
    const source = Float32Array.of(Math.log(2), 0);
    const other = Float32Array.of(0, Math.log(2));
    expect(klDivergence(source, other)).toBeCloseTo(Math.log(2) / 3, 6);
  });

  it('of a distribution from itself is nothing, also when all logits are shifted', () => {
    const source = randomLogits(seededRandom(2), 10);
    expect(klDivergence(source, source)).toBe(0);
    expect(
      klDivergence(
        source,
        source.map((logit) => logit + 50),
      ),
    ).toBeCloseTo(0, 5);
  });

  it('is never negative, and depends on the direction', () => {
    const random = seededRandom(4);
    for (let round = 0; round < 50; round++) {
      const source = randomLogits(random, 5);
      const other = source.map((logit) => logit + (random() - 0.5) * 1e-4);
      expect(klDivergence(source, other)).toBeGreaterThanOrEqual(0);
    }
    const [a, b] = [Float32Array.of(3, 0, 0), Float32Array.of(0, 1, 0)];
    expect(klDivergence(a, b)).not.toBeCloseTo(klDivergence(b, a), 3);
  });

  it('stands logits that overflow an exponential, and tokens ruled out by the source', () => {
    expect(klDivergence(Float32Array.of(1000, 999), Float32Array.of(-1000, -1001))).toBeCloseTo(0, 6);
    const ruledOut = Float32Array.of(0, -Infinity);
    expect(klDivergence(ruledOut, Float32Array.of(0, 0))).toBeCloseTo(Math.log(2), 6);
    expect(klDivergence(Float32Array.of(0, 0), ruledOut)).toBe(Infinity);
  });

  it('is not computed between different vocabularies', () => {
    expect(() => klDivergence(new Float32Array(3), new Float32Array(4))).toThrow(RangeError);
  });
});

it('the preferred token is the largest logit, the first of equal ones', () => {
  expect(argMax(Float32Array.of(-3, -1, -2))).toBe(1);
  expect(argMax(Float32Array.of(5, 7, 7))).toBe(1);
  expect(argMax(Float32Array.of(-Infinity, 0))).toBe(1);
});

it('quantiles lie between neighbours', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([0, 10], 0.9)).toBeCloseTo(9, 12);
  expect(quantile([7], 0.99)).toBe(7);
});
