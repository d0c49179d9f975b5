import { expect, it } from 'vitest';
import {
  ENTROPY_SHARE,
  HALF_SEEDS,
  KIND_SEEDS,
  LEAST_SAMPLED_TOKENS,
  sampleDimensions,
  sampledTokens,
  SEEDS,
} from '../../../../src-main/luq/entropy/effort.ts';

const qwen7b = { tokens: 32_768, layers: 28, embeddingLength: 3584, layerWeights: 6.5e9 };

it('at least 16 seeds are measured', () => {
  expect(SEEDS).toBeGreaterThanOrEqual(16);
});

it('a large model has time for all tokens that it is calibrated with', () => {
  expect(sampledTokens(qwen7b)).toBe(32_768);
});

it('a model in between takes its share of the calibration’s multiplications', () => {
  const small = { tokens: 32_768, layers: 24, embeddingLength: 896, layerWeights: 0.36e9 };
  const tokens = sampledTokens(small);
  expect(tokens).toBeGreaterThan(LEAST_SAMPLED_TOKENS);
  expect(tokens).toBeLessThan(32_768);
  const clustering = small.layers * (SEEDS + HALF_SEEDS + KIND_SEEDS) * 30 * 100 * 64 * tokens;
  const share = clustering / (small.layerWeights * small.tokens);
  expect(share).toBeLessThanOrEqual(ENTROPY_SHARE);
  expect(share).toBeGreaterThan(0.99 * ENTROPY_SHARE);
});

it('a tiny model takes what clusters need, and never more tokens than there are', () => {
  const tiny = { tokens: 32_768, layers: 12, embeddingLength: 256, layerWeights: 4.7e6 };
  expect(sampledTokens(tiny)).toBe(LEAST_SAMPLED_TOKENS);
  expect(sampledTokens({ ...tiny, tokens: 3000 })).toBe(3000);
});

it('outputs are clustered in fewer dimensions, or in their own where they have no more', () => {
  expect(sampleDimensions(3584)).toBe(64);
  expect(sampleDimensions(48)).toBe(48);
});
