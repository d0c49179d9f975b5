import type { Candidate, Quality } from '../contract/fit-report.ts';
import type { Ordering } from '../contract/fit-request.ts';
import type { Rung } from '../contract/rungs.ts';
import { orderLayers } from '../luq/entropy/orders.ts';
import { lowLayerCount, type LayerPlan, type OrderedPlan } from '../luq/plan/plan.ts';
import { largestPassing } from './bisect.ts';
import { ladderPlan, measureLadder } from './ladder.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { noPlanKeepsQuality, qualityNeedsMemory, qualityOutOfReach } from './quality-refusal.ts';
import { divergenceOf, keepsQuality } from './quality.ts';
import { predictedSpeedOf } from './predicted-speed.ts';

/** Chooses the plan of a fit by what plans do to the model: measured, each put together and compared with the source. */

/** Whole models of one type to hold the mixed ones against; the largest that fit are measured. */
export const UNIFORM_RIVALS: readonly Rung[] = [
  'Q4_K_M',
  'Q3_K_M',
  'IQ3_M',
  'Q3_K_S',
  'IQ3_XXS',
  'Q2_K',
  'IQ2_M',
];
const MEASURED_RIVALS = 3;
/** Divergences nearer than this are told apart by speed. */
const AS_GOOD = 1.02;

export interface Chosen extends OrderedPlan {
  /** everything that was measured on the way; empty when nothing had to be */
  readonly candidates: readonly Candidate[];
}

/** The paper's plan for the budget, or the best of several; what the limits ask for is measured and holds. */
export async function choose(measuring: MeasuringContext): Promise<Chosen> {
  const { planner, request } = measuring;
  if (request.plan.kind === 'auto') return chooseBest(measuring);
  const order = await orderFor(measuring, request.plan.ordering);
  const { lowLayers, budget, quality } = request;
  const plan =
    lowLayers === undefined ? planner.fitting(order, budget) : planner.withLowLayers(order, lowLayers);
  const limited = quality.maxKld !== undefined || quality.minAgreement !== undefined;
  if (limited) await requireQuality(measuring, order, plan);
  return { plan, order, candidates: [] };
}

async function orderFor(measuring: MeasuringContext, ordering: Ordering): Promise<number[]> {
  const { calibrated, request } = measuring;
  const sensitivity = ordering === 'sensitivity' ? await measureSensitivity(measuring) : undefined;
  const { entropyBits } = calibrated;
  return orderLayers(ordering, { entropyBits, sensitivity, seed: request.calibration.seed });
}

/** Divergence with each layer low alone [layers]. */
export async function measureSensitivity({
  planner,
  trials,
  onProgress,
}: MeasuringContext): Promise<number[]> {
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

interface CandidatePlan extends OrderedPlan {
  readonly name: string;
}

/** Measures all that fit the budget and takes the nearest to the source; of equally near ones the fastest. */
async function chooseBest(measuring: MeasuringContext): Promise<Chosen> {
  const { trials, request } = measuring;
  const { budget, quality: limits } = request;
  const measured: (CandidatePlan & { quality: Quality; speed: number })[] = [];
  for (const candidate of await candidatePlans(measuring)) {
    const quality = await trials.measure(candidate.plan);
    measured.push({ ...candidate, quality, speed: await predictedSpeedOf(measuring, candidate.plan) });
  }
  const best = recommended(
    measured.filter(({ quality }) => keepsQuality(quality, limits)),
    ({ quality, speed }) => ({ divergence: divergenceOf(quality), speed }),
  );
  if (!best) throw noPlanKeepsQuality(measured, budget, limits);
  return {
    plan: best.plan,
    order: best.order,
    candidates: measured.map(({ name, plan, quality, speed }) => ({
      name,
      weightsBytes: plan.memory.weightsBytes,
      totalBytes: plan.memory.totalBytes,
      quality,
      tokensPerSecond: speed,
      chosen: name === best.name,
    })),
  };
}

/** The paper's order, the one asked for, the edges protected, a rung for every layer, and the largest uniform ones that fit. */
async function candidatePlans(measuring: MeasuringContext): Promise<CandidatePlan[]> {
  const { planner, request } = measuring;
  const { budget, plan } = request;
  const candidates: CandidatePlan[] = [];
  for (const name of new Set<Ordering>(['entropy', plan.ordering, 'edge-protected'])) {
    const order = await orderFor(measuring, name);
    candidates.push({ name, plan: planner.fitting(order, budget), order });
  }
  const order = await orderFor(measuring, 'entropy');
  const ladder = ladderPlan(await measureLadder(measuring), budget.bytes);
  if (ladder) candidates.push({ name: 'ladder', plan: ladder, order });
  const uniform = UNIFORM_RIVALS.map((rung) => ({ name: rung, plan: planner.uniform(rung), order }))
    .filter(({ plan: { memory } }) => memory.totalBytes <= budget.bytes)
    .sort((a, b) => b.plan.memory.weightsBytes - a.plan.memory.weightsBytes);
  return [...candidates, ...uniform.slice(0, MEASURED_RIVALS)];
}

/** The one of least divergence; of those as good as it the fastest. */
function recommended<T>(
  candidates: readonly T[],
  of: (candidate: T) => { divergence: number; speed: number },
): T | undefined {
  const least = Math.min(...candidates.map((candidate) => of(candidate).divergence));
  return candidates
    .filter((candidate) => of(candidate).divergence <= least * AS_GOOD)
    .toSorted((a, b) => of(b).speed - of(a).speed)[0];
}
