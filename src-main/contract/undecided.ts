import { counted } from './counted.ts';
import type { FitReport, PlanReport } from './fit-report.ts';
import { listed } from './listed.ts';

/** A list of layers as people read it. `first`: what the first layer is called, 0 or 1. */
function named(layers: readonly number[], first: number): string {
  return listed(layers.map((layer) => String(layer + first)));
}

/**
 * Which layers could as well be on the other side of the cut, and what that means for other machines; null where all are told apart.
 * `first`: what the first layer is called, 0 or 1.
 */
export function undecidedNote(
  { undecided, undecidedBy }: Pick<PlanReport, 'undecided' | 'undecidedBy'>,
  first: number,
): string | null {
  if (undecided.length === 0) return null;
  const which =
    undecidedBy === 'errors'
      ? '. Of them those are low whose outputs lose least by it'
      : ', so which of them are low is chance';
  return (
    `Entropy does not tell layers ${named(undecided, first)} apart at the cut: they differ by less than two standard errors${which}. ` +
    'llama.cpp’s build for another processor rounds in another way and may take others of them.'
  );
}

/** How far the order of layers can be trusted. */
export function orderTrust({ seeds, stability }: FitReport['calibration']): string {
  const { kendallTauSeeds, kendallTauHalves } = stability;
  const tau = (value: number | null) => value?.toFixed(2) ?? 'not measured';
  if (seeds === 1)
    return `Order against another seed: Kendall τ ${tau(kendallTauSeeds)}; between halves of the sample: ${tau(kendallTauHalves)}.`;
  return (
    `Entropies are the mean over ${counted(seeds, 'seed')}, ± their standard error. ` +
    `Order between halves of the seeds: Kendall τ ${tau(kendallTauSeeds)}; between halves of the tokens: ${tau(kendallTauHalves)}.`
  );
}
