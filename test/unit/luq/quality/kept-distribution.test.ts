import { describe, expect, it } from 'vitest';
import { klDivergence, logSumExp } from '../../../../src-main/luq/quality/divergence.ts';
import {
  KEPT_TOKENS,
  compareWithKept,
  decodeKept,
  encodeKept,
  keepDistribution,
  keptBytes,
} from '../../../../src-main/luq/quality/kept-distribution.ts';
import { QualitySum } from '../../../../src-main/luq/quality/quality.ts';
import { seededRandom } from '../../../../src-main/luq/random.ts';

const random = seededRandom(5);
const logits = (length: number, spread: number) =>
  Float32Array.from({ length }, () => (random() + random() + random() - 1.5) * spread);

/** Logits as a language model has them: few tokens far above a long tail. */
function peaked(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => 18 - 3 * Math.log(i + 1) + random());
}

describe('a kept distribution', () => {
  it('of a small vocabulary loses nothing', () => {
    for (const spread of [1, 10, 60]) {
      const [source, other] = [logits(200, spread), logits(200, spread)];
      const kept = keepDistribution(source, 3);
      expect(kept.restMass).toBe(0);
      expect(compareWithKept(kept, other).kld).toBeCloseTo(klDivergence(source, other), 4);
    }
  });

  it('of a large one gives never more than the whole divergence, and of a peaked one nearly all of it', () => {
    for (let round = 0; round < 20; round++) {
      const source = peaked(20_000);
      const other = source.map((logit) => logit + (random() - 0.5) * 2);
      const whole = klDivergence(source, other);
      const { kld } = compareWithKept(keepDistribution(source, 0), other);
      expect(kld).toBeLessThanOrEqual(whole + 1e-6);
      expect(kld).toBeGreaterThan(whole * 0.99);
    }
  });

  it('of a flat one loses what lies within the tokens that were not kept', () => {
    const source = logits(20_000, 0.1);
    const other = source.map((logit) => logit + (random() - 0.5) * 4);
    const { kld } = compareWithKept(keepDistribution(source, 0), other);
    expect(kld).toBeLessThan(klDivergence(source, other) * 0.5);
  });

  it('keeps the likeliest tokens, whatever ties there are', () => {
    const flat = new Float32Array(1000);
    const kept = keepDistribution(flat, 7);
    expect(kept.tokens).toHaveLength(KEPT_TOKENS);
    expect(new Set(kept.tokens).size).toBe(KEPT_TOKENS);
    expect(kept.restMass).toBeCloseTo(1 - KEPT_TOKENS / 1000, 6);
    const source = logits(5000, 9);
    const least = Math.min(
      ...[...keepDistribution(source, 0).tokens].map((token) => source[token] as number),
    );
    expect(source.filter((logit) => logit > least).length).toBe(KEPT_TOKENS - 1);
  });

  it('agrees with a model of the same first choice only, and knows the token that followed', () => {
    const source = Float32Array.of(1, 3, 2);
    const kept = keepDistribution(source, 2);
    expect(compareWithKept(kept, Float32Array.of(0, 9, 8)).sameTop).toBe(true);
    expect(compareWithKept(kept, Float32Array.of(0, 8, 9)).sameTop).toBe(false);
    const other = Float32Array.of(0, 1, 5);
    expect(compareWithKept(kept, other).nextLogProbability).toBeCloseTo(5 - logSumExp(other), 12);
    expect(kept.nextLogProbability).toBeCloseTo(2 - logSumExp(source), 6);
  });

  it('does not make a number of what is none', () => {
    const kept = keepDistribution(Float32Array.of(1, 2, 3), 0);
    expect(compareWithKept(kept, Float32Array.of(1, Number.NaN, 3)).kld).toBeNaN();
    expect(compareWithKept(kept, Float32Array.of(0, 0, -Infinity)).kld).toBe(Infinity);
  });

  it('is the same after it was written and read', () => {
    for (const length of [40, 3000]) {
      const kept = keepDistribution(logits(length, 5), 11);
      const bytes = encodeKept(kept);
      expect(bytes).toHaveLength(keptBytes(length));
      const read = decodeKept(bytes);
      expect([...read.tokens]).toEqual([...kept.tokens]);
      expect(read.next).toBe(11);
      expect(read.restMass).toBeCloseTo(kept.restMass, 6);
      expect(compareWithKept(read, logits(length, 5).fill(1)).kld).toBeCloseTo(
        compareWithKept(kept, new Float32Array(length).fill(1)).kld,
        5,
      );
    }
  });
});

describe('the quality over many positions', () => {
  const [yes, no] = [Float32Array.of(Math.log(2), 0), Float32Array.of(0, Math.log(2))];
  const add = (sum: QualitySum, source: Float32Array, other: Float32Array, next = 0) => {
    const kept = keepDistribution(source, next);
    sum.add(kept, compareWithKept(kept, other));
  };

  it('has the mean, the quantiles and the agreement', () => {
    const sum = new QualitySum(2);
    add(sum, yes, yes);
    add(sum, yes, no);
    add(sum, no, no);
    add(sum, no, no);
    const result = sum.result();
    expect(result).toMatchObject({ tokens: 4, topAgreement: 0.75 });
    expect(result?.meanKld).toBeCloseTo(Math.log(2) / 12, 6);
    expect(result?.medianKld).toBeCloseTo(0, 6);
    expect(result?.p90Kld).toBeCloseTo((Math.log(2) / 3) * 0.7, 6);
  });

  it('has the perplexity of the model and of its source', () => {
    const sum = new QualitySum(2);
    add(sum, yes, no, 0);
    add(sum, yes, no, 0);
    expect(sum.result()?.sourcePerplexity).toBeCloseTo(1.5, 5);
    expect(sum.result()?.perplexity).toBeCloseTo(3, 5);
  });

  it('says where the source does not know what it reads', () => {
    const sure = Float32Array.of(20, ...new Array<number>(99).fill(0));
    const wrong = new QualitySum(100);
    add(wrong, sure, sure, 7);
    add(wrong, sure, sure, 0);
    expect(wrong.result()).toMatchObject({ belowChance: 0.5, sourceKnows: false });
    const right = new QualitySum(100);
    add(right, sure, sure, 0);
    expect(right.result()).toMatchObject({ belowChance: 0, sourceKnows: true });
  });

  it('is nothing where nothing was compared, and beyond measure where logits are no numbers', () => {
    expect(new QualitySum(2).result()).toBeNull();
    const sum = new QualitySum(2);
    add(sum, yes, Float32Array.of(Number.NaN, 2));
    add(sum, yes, yes);
    expect(sum.result()).toMatchObject({ tokens: 2, meanKld: null, medianKld: null, perplexity: null });
  });
});
