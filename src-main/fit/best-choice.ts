import { formatBytes } from '../contract/bytes.ts';
import { SnugError } from '../contract/errors.ts';
import type { Candidate, Quality } from '../contract/fit-report.ts';
import { luqPlan, sourcePlan, tensorPlan, uniformPlan, type FitPlan } from './fit-plan.ts';
import { knownTensorPlans } from './known-tensors.ts';
import { luqOrder, orderFor } from './luq-choice.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { predictedSpeedOf } from './predicted-speed.ts';
import { noPlanKeepsQuality } from './quality-refusal.ts';
import { divergenceOf, keepsQuality } from './quality.ts';
import { uniformsThatFit } from './uniform-choice.ts';

/** Chooses the plan of a fit by what plans do to the model: each is put together and compared with the source. */

/** Of the file types that fit so many are measured: the largest is not always the nearest. */
const MEASURED_UNIFORM = 2;
/** Divergences nearer than this are told apart by speed; and any below this many nats, which is what rounding alone makes of them. */
const AS_GOOD = 1.02;
const HARDLY_ANY = 0.001;

export interface Chosen extends FitPlan {
  /** everything that was measured on the way; empty when nothing had to be */
  readonly candidates: readonly Candidate[];
}

type TimedPlan = FitPlan & { readonly speed: number };
type MeasuredPlan = TimedPlan & { readonly quality: Quality };

/** The nearest to the source of what fits and is fast enough; of equally near ones the fastest. The source itself where that fits. */
export async function chooseBest(measuring: MeasuringContext): Promise<Chosen> {
  const { request } = measuring;
  const source = await sourceThatFits(measuring);
  if (source) return { ...source, candidates: [] };
  const plans = await fastEnough(measuring, await candidatePlans(measuring));
  const measured = await measureAll(measuring, plans);
  const best = nearest(measured.filter(({ quality }) => keepsQuality(quality, request.quality)));
  if (!best) throw noPlanKeepsQuality(measured, request.budget, request.quality);
  return { ...best, candidates: measured.map((plan) => candidateOf(plan, plan === best)) };
}

async function sourceThatFits(measuring: MeasuringContext): Promise<FitPlan | undefined> {
  const { planner, request } = measuring;
  if (planner.unquantized().memory.totalBytes > request.budget.bytes) return undefined;
  const source = sourcePlan(measuring, luqOrder(measuring));
  const { minTokensPerSecond = 0 } = request.plan;
  if (minTokensPerSecond === 0) return source;
  return (await predictedSpeedOf(measuring, source.plan)) >= minTokensPerSecond ? source : undefined;
}

/** A type for every tensor, LUQ's own plan, and the uniform ones that are predicted to be nearest, of what fits. */
async function candidatePlans(measuring: MeasuringContext): Promise<FitPlan[]> {
  const { planner, request } = measuring;
  const { ordering, minTokensPerSecond } = request.plan;
  const { bytes } = request.budget;
  const order = await orderFor(measuring, ordering);
  const plans = await knownTensorPlans(measuring);
  const tensors = plans.within(bytes, minTokensPerSecond);
  const luq = planner.smallestThatFits(order, bytes);
  const uniform = uniformsThatFit(measuring)
    .map((rung) => uniformPlan(measuring, rung, order))
    .map((made) => ({ made, nats: plans.foresee(made.plan).nats }))
    .toSorted((a, b) => a.nats - b.nats)
    .slice(0, MEASURED_UNIFORM);
  const candidates = [
    ...(tensors ? [tensorPlan(measuring, tensors.plan, order)] : []),
    ...(luq ? [luqPlan(luq, order, ordering)] : []),
    ...uniform.map(({ made }) => made),
  ];
  if (candidates.length === 0) throw planner.refusal(request.budget, plans.smallest);
  return candidates;
}

/** @throws SnugError DOES_NOT_FIT with the speed of the fastest when none is fast enough */
async function fastEnough(measuring: MeasuringContext, plans: readonly FitPlan[]): Promise<TimedPlan[]> {
  const timed: TimedPlan[] = [];
  for (const plan of plans) timed.push({ ...plan, speed: await predictedSpeedOf(measuring, plan.plan) });
  const { budget, plan } = measuring.request;
  const { minTokensPerSecond: least = 0 } = plan;
  const fast = timed.filter(({ speed }) => speed >= least);
  if (fast.length > 0) return fast;
  const fastest = Math.max(...timed.map(({ speed }) => speed));
  throw new SnugError(
    'DOES_NOT_FIT',
    `no plan for ${formatBytes(budget.bytes)} is predicted to reach ${least} tokens per second here; the fastest reaches ${fastest.toPrecision(2)}`,
    {
      advice: 'Ask for less speed, or choose a smaller model.',
      remedies: [{ kind: 'set-speed', tokensPerSecond: Number(fastest.toPrecision(2)) }],
    },
  );
}

async function measureAll(
  { trials, onProgress }: MeasuringContext,
  plans: readonly TimedPlan[],
): Promise<MeasuredPlan[]> {
  const measured: MeasuredPlan[] = [];
  for (const plan of plans) {
    const tell = (share: number) =>
      onProgress?.({
        stage: 'choose',
        done: measured.length + share,
        total: plans.length,
        unit: 'steps',
        detail: plan.name,
      });
    tell(0);
    measured.push({ ...plan, quality: await trials.measure(plan.plan, undefined, tell) });
    tell(0);
  }
  return measured;
}

/** The one of least divergence; of those as good as it the fastest. */
function nearest(plans: readonly MeasuredPlan[]): MeasuredPlan | undefined {
  const least = Math.min(...plans.map(({ quality }) => divergenceOf(quality)));
  return plans
    .filter(({ quality }) => divergenceOf(quality) <= Math.max(least * AS_GOOD, HARDLY_ANY))
    .toSorted((a, b) => b.speed - a.speed)[0];
}

function candidateOf({ plan, name, lowLayers, quality, speed }: MeasuredPlan, chosen: boolean): Candidate {
  const { weightsBytes, totalBytes } = plan.memory;
  return { name, lowLayers, weightsBytes, totalBytes, quality, tokensPerSecond: speed, chosen };
}
