import { wholeDivergence } from '../../src-main/luq/allocate/additivity.ts';
import { priorCosts } from '../../src-main/luq/allocate/prior.ts';
import { proposeTrials } from '../../src-main/luq/allocate/propose-trials.ts';
import { sharpen, type Trial } from '../../src-main/luq/allocate/sharpen.ts';
import { classifyAll } from '../../src-main/luq/allocate/tensor-class.ts';
import { TrialModel } from '../../src-main/luq/allocate/trial-model.ts';
import { allocated, itemsBy, priorOf } from './ours.ts';
import type { PricedModel } from './priced.ts';

/** After so many trials a plan is made anew, and the next are chosen by it. */
const TRIALS_AT_ONCE = 4;

/**
 * What the plan under a mean of `bits` costs after each of these numbers of trials. A trial's divergence is the sum of its tensors'
 * measured ones, put together as they are on the model of the prior: so that says how well trials find tensors, not how well sums say
 * wholes.
 */
export function pricesAfterTrials(model: PricedModel, bits: number, counts: readonly number[]): number[] {
  const tensors = classifyAll(model.tensors.map(({ name }) => name));
  const layers = 1 + Math.max(...model.tensors.map(({ layer }) => layer));
  const before = priorCosts(priorOf(model));
  const known = new TrialModel(tensors, { layers, types: model.types, costs: before });
  const items = itemsBy(model, before);
  const trials: Trial[] = [];
  return counts.map((count) => {
    while (trials.length < count) {
      const { costs, posterior } = sharpen(known, trials);
      const plan = allocated(model, costs, bits);
      const next = {
        tensors,
        items,
        plan,
        posterior,
        count: Math.min(TRIALS_AT_ONCE, count - trials.length),
      };
      for (const { types } of proposeTrials(known, next)) {
        trials.push({ types, nats: wholeDivergence(model.price(types)) });
      }
    }
    return model.price(allocated(model, sharpen(known, trials).costs, bits));
  });
}
