import { PRIOR } from './fitted-prior.ts';

/**
 * What the divergence of a whole model is when those of its tensors, each alone, sum to `sum` nats: more, as errors of one tensor meet
 * those of others: sum · exp(k · sum). Ascending, so the plan of the least sum is that of the least divergence.
 */
export function wholeDivergence(sum: number, interaction = PRIOR.interaction): number {
  return sum * Math.exp(interaction * sum);
}

/** The sum of its tensors' divergences that makes a whole one: the inverse, by Newton's method. Both in nats. */
export function additiveDivergence(whole: number, interaction = PRIOR.interaction): number {
  if (whole <= 0) return 0;
  // the logarithm of both sides is concave in the sum: a step ends below, and goes on from there
  let sum = Math.min(whole, 1);
  for (let step = 0; step < 60; step++) {
    const next = sum - (Math.log(sum / whole) + interaction * sum) / (1 / sum + interaction);
    const isThere = Math.abs(next - sum) <= 1e-14 * sum;
    sum = next > 0 ? next : sum / 2;
    if (isThere) break;
  }
  return sum;
}
