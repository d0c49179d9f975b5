import { expect, it } from 'vitest';
import type { Divergence, Quality } from '../../../src-main/contract/fit-report.ts';
import { LEAST_POSITIONS, requireEnoughTokens } from '../../../src-main/fit/quality.ts';
import { thrown } from '../../helpers/thrown.ts';

const measuredAt = (tokens: number): Divergence => ({
  tokens,
  meanKld: 0.1,
  medianKld: 0.1,
  p90Kld: 0.1,
  p99Kld: 0.1,
  topAgreement: 0.9,
  perplexity: 10,
  sourcePerplexity: 9,
  belowChance: 0.02,
  sourceKnows: true,
});
const quality = (image: number | null, text: number | null): Quality => ({
  image: image === null ? null : measuredAt(image),
  text: text === null ? null : measuredAt(text),
  answers: null,
});

it('a held-out part too small to choose by says how many positions it has and how many it needs', () => {
  const error = thrown(() => requireEnoughTokens(quality(12, 31)));
  expect(error.code).toBe('TOO_FEW_TOKENS');
  expect(error.message).toMatch(new RegExp(`has 31 positions.*at least ${LEAST_POSITIONS} are needed`));
  expect(error.advice).toMatch(/more held-out pictures or texts/);
  expect(thrown(() => requireEnoughTokens(quality(null, null))).message).toMatch(/has 0 positions/);
});

it('pictures or texts alone are enough where there are enough of them', () => {
  for (const one of [quality(LEAST_POSITIONS, null), quality(3, LEAST_POSITIONS)])
    expect(requireEnoughTokens(one)).toBe(one);
});
