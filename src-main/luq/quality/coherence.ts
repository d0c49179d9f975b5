import type { Check, Quality } from '../../contract/fit-report.ts';

/**
 * A model that prefers another token than its source at more than this share of positions does not say what the source
 * says. Uniform 4-bit models agree at over 0.9, usable 2-bit ones at 0.7 and more.
 */
export const LEAST_AGREEMENT = 0.5;
/** Mean KL divergence above this is that of another model; uniform IQ1_M of an 8B model has 1.4 (measured, wikitext). */
export const LARGEST_KLD = 2.5;

/** Whether the compressed model still says what its source says, and if not, why. */
export function judge(quality: Quality): Check {
  const reasons: string[] = [];
  for (const [kind, measured] of [
    ['about pictures', quality.image],
    ['on text', quality.text],
  ] as const) {
    if (!measured) continue;
    if (!(measured.topAgreement >= LEAST_AGREEMENT)) {
      reasons.push(
        `${kind} it prefers the source's next word only ${Math.round(measured.topAgreement * 100)} % of the time`,
      );
    }
    if (measured.meanKld === null || measured.meanKld > LARGEST_KLD) {
      const nats = measured.meanKld === null ? 'beyond measure' : `${measured.meanKld.toFixed(2)} nats`;
      reasons.push(`${kind} its KL divergence from the source is ${nats}`);
    }
  }
  return { ...quality, coherent: reasons.length === 0, reasons };
}
