import type { Ordering } from '../contract/fit-request.ts';
import { basisOf, orderLayers, settlesTies } from '../luq/entropy/orders.ts';
import { lowLayerCount, type LayerPlan } from '../luq/plan/plan.ts';
import { largestPassing } from './bisect.ts';
import { luqPlan, type FitPlan } from './fit-plan.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { qualityNeedsMemory, qualityOutOfReach } from './quality-refusal.ts';
import { knownTieErrors, tieErrors } from './tie-errors.ts';
import { divergenceOf, isLimited, keepsQuality } from './quality.ts';

/** The paper's plan for the budget, or with as many low layers as were asked for; what the limits ask for is measured and holds. */
export async function chooseLuq(measuring: MeasuringContext): Promise<FitPlan> {
  const { planner, request } = measuring;
  const { ordering } = request.plan;
  const order = await orderFor(measuring, ordering);
  const { lowLayers, budget } = request;
  const plan =
    lowLayers === undefined ? planner.fitting(order, budget) : planner.withLowLayers(order, lowLayers);
  if (isLimited(request.quality)) await requireQuality(measuring, order, plan);
  return luqPlan(plan, order, ordering);
}

/** Layers, the first to go low in front. */
export async function orderFor(measuring: MeasuringContext, ordering: Ordering): Promise<number[]> {
  const { calibrated, request } = measuring;
  const sensitivity = ordering === 'sensitivity' ? await measureSensitivity(measuring) : undefined;
  const localErrors = settlesTies(ordering) ? await tieErrors(measuring) : undefined;
  const { seed } = request.calibration;
  return orderLayers(ordering, { ...basisOf(calibrated.entropies), localErrors, sensitivity, seed });
}

/** The model's own order, without measuring anything: by entropy where that would be needed. */
export function luqOrder(measuring: Pick<MeasuringContext, 'calibrated' | 'request' | 'planner'>): number[] {
  const { calibrated, request } = measuring;
  const { ordering } = request.plan;
  const known = ordering === 'sensitivity' ? 'entropy' : ordering;
  const localErrors = knownTieErrors(measuring);
  const { seed } = request.calibration;
  return orderLayers(known, { ...basisOf(calibrated.entropies), localErrors, seed });
}

/** Divergence with each layer low alone [layers]. */
async function measureSensitivity({ planner, trials, onProgress }: MeasuringContext): Promise<number[]> {
  const divergences: number[] = [];
  for (let layer = 0; layer < planner.layers; layer++) {
    divergences.push(divergenceOf(await trials.measure(planner.withLowLayers([layer], 1))));
    const [done, total] = [divergences.length, planner.layers];
    onProgress?.({ stage: 'choose', done, total, unit: 'steps', detail: `layer ${layer + 1}` });
  }
  return divergences;
}

/**
 * Throws DOES_NOT_FIT when the plan that the memory allows breaks the limits. The most layers that keep them are found by
 * bisection, to say what memory that quality takes; where not even none does, that is known after two trials.
 */
async function requireQuality(
  { trials, planner, request }: MeasuringContext,
  order: readonly number[],
  fitted: LayerPlan,
): Promise<void> {
  const { budget, quality: limits } = request;
  const lowLayers = lowLayerCount(fitted);
  const planWith = (k: number) => planner.withLowLayers(order, k);
  const measure = (k: number) => trials.measure(planWith(k));
  const most = await largestPassing(lowLayers, async (k) => keepsQuality(await measure(k), limits));
  if (most === lowLayers) return;
  const refused = { fitted, budget, limits, reached: await measure(lowLayers) };
  if (most === undefined) throw qualityOutOfReach(refused, await measure(0));
  throw qualityNeedsMemory(refused, planWith(most));
}
