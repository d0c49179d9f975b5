import type { ModelEntry } from '../../../src-main/contract/model.ts';

const OFFERED = [256, 512, 1024, 2048];

/** Limits on a picture's tokens to choose from: those between what the encoder can do, and the one that a remedy asked for. */
export function pictureTokenChoices(
  limits: ModelEntry['imageTokens'],
  chosen: number | null,
): readonly number[] {
  const { min, max } = limits ?? { min: 0, max: 0 };
  const within = OFFERED.filter((tokens) => tokens >= min && tokens < max);
  return [...new Set([...within, ...(chosen === null ? [] : [chosen])])].toSorted((a, b) => a - b);
}
