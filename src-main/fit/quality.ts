import { counted } from '../contract/counted.ts';
import { SnugError } from '../contract/errors.ts';
import type { Divergence, Quality } from '../contract/fit-report.ts';
import type { QualityLimits } from './request.ts';

/** What a measured quality says: whether it is enough to go by, how far the model is from its source, what was asked of it. */

/** Fewer positions than this say nothing that could be told from chance. */
export const LEAST_POSITIONS = 64;

/** @throws SnugError TOO_FEW_TOKENS when fewer positions were compared than say anything */
export function requireEnoughTokens(quality: Quality): Quality {
  const positions = Math.max(quality.image?.tokens ?? 0, quality.text?.tokens ?? 0);
  if (positions >= LEAST_POSITIONS) return quality;
  throw new SnugError(
    'TOO_FEW_TOKENS',
    `the held-out part has ${counted(positions, 'position')} to compare at, and at least ${LEAST_POSITIONS} are needed`,
    { advice: 'Use a calibration set with more held-out pictures or texts.' },
  );
}

/** Mean divergence where the picture is seen; on text for a model that cannot see. Infinite where it is beyond measure. */
export function divergenceOf(quality: Quality): number {
  return (quality.image ?? quality.text)?.meanKld ?? Infinity;
}

export function measuredParts({ image, text }: Quality): Divergence[] {
  return [image, text].filter((part): part is Divergence => part !== null);
}

export function isLimited({ maxKld, minAgreement }: QualityLimits): boolean {
  return maxKld !== undefined || minAgreement !== undefined;
}

export function keepsQuality(quality: Quality, { maxKld, minAgreement }: QualityLimits): boolean {
  return measuredParts(quality).every(
    ({ meanKld, topAgreement }) =>
      (maxKld === undefined || (meanKld !== null && meanKld <= maxKld)) &&
      (minAgreement === undefined || topAgreement >= minAgreement),
  );
}
