/**
 * How much is done to measure entropies. It is decided by counting multiplications and never by the clock, so that the same model, set and
 * seed give the same sample on a fast and on a slow machine.
 */

/** Seeds of k-means over all sampled tokens; an order from one alone is chance (docs/measurements.md). */
export const SEEDS = 16;
/** … and over each half of them, to see what the sample of tokens decides. */
export const HALF_SEEDS = 4;
/** … and over pictures' tokens and texts' alone, which are shown and decide nothing. */
export const KIND_SEEDS = 2;
/** A layer's outputs are projected to this many dimensions; bench/entropy.ts shows that layers come out in the same order. */
const PROJECTED_DIMENSIONS = 64;
/** Share of the calibration's multiplications that measuring entropies may take beside it. */
export const ENTROPY_SHARE = 0.15;
/** Below this a cluster has too few tokens; a small model takes more than its share then. */
export const LEAST_SAMPLED_TOKENS = 4096;

/** Rounds that Lloyd's algorithm takes until it settles, on the whole; it is stopped at MOST_ROUNDS. */
const USUAL_ROUNDS = 30;
/** Clusters that are counted with: a person's own number must not change the sample that all numbers share. */
const USUAL_CLUSTERS = 100;

/** Dimensions that a layer's outputs are clustered in. */
export function sampleDimensions(embeddingLength: number): number {
  return Math.min(embeddingLength, PROJECTED_DIMENSIONS);
}

/** All that a sample depends on beside the model: a kept one belongs to its rule. */
export const SAMPLE_RULE = [
  SEEDS,
  HALF_SEEDS,
  KIND_SEEDS,
  PROJECTED_DIMENSIONS,
  ENTROPY_SHARE,
  LEAST_SAMPLED_TOKENS,
];

export interface CalibrationEffort {
  /** that run through the model */
  readonly tokens: number;
  readonly layers: number;
  readonly embeddingLength: number;
  /** weights of all layers together: each multiplies every token once */
  readonly layerWeights: number;
}

/** How many tokens are sampled per layer: as many as the share of the time allows, at least 4,096, at most all. */
export function sampledTokens({ tokens, layers, embeddingLength, layerWeights }: CalibrationEffort): number {
  // both halves of the tokens are one sample, and so are pictures and text
  const samples = SEEDS + HALF_SEEDS + KIND_SEEDS;
  const perToken = layers * samples * USUAL_ROUNDS * USUAL_CLUSTERS * sampleDimensions(embeddingLength);
  const allowed = Math.floor((ENTROPY_SHARE * layerWeights * tokens) / perToken);
  return Math.min(tokens, Math.max(LEAST_SAMPLED_TOKENS, allowed));
}
