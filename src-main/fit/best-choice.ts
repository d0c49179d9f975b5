import type { Candidate } from '../contract/fit-report.ts';
import { Contest, type MeasuredPlan } from './contest.ts';
import { sourcePlan, type FitPlan } from './fit-plan.ts';
import { knowTensors } from './known-tensors.ts';
import { luqOrder } from './luq-choice.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { predictedSpeedOf } from './predicted-speed.ts';
import { noPlanKeepsQuality } from './quality-refusal.ts';
import { divergenceOf, keepsQuality } from './quality.ts';

/** Chooses the plan of a fit by what plans do to the model: each is put together and compared with the source. */

/** Divergences nearer than this are told apart by speed; and any below this many nats, which is what rounding alone makes of them. */
const AS_GOOD = 1.02;
const HARDLY_ANY = 0.001;

export interface Chosen extends FitPlan {
  /** everything that was measured on the way; empty when nothing had to be */
  readonly candidates: readonly Candidate[];
}

/** The nearest to the source of what fits and is fast enough; of equally near ones the fastest. The source itself where that fits. */
export async function chooseBest(measuring: MeasuringContext): Promise<Chosen> {
  const { request } = measuring;
  const source = await sourceThatFits(measuring);
  if (source) return { ...source, candidates: [] };
  const tensors = await knowTensors(measuring);
  const measured = await new Contest(measuring, tensors).measureAll();
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

/** The one of least divergence; of those as good as it the fastest. */
function nearest(plans: readonly MeasuredPlan[]): MeasuredPlan | undefined {
  const least = Math.min(...plans.map(({ quality }) => divergenceOf(quality)));
  return plans
    .filter(({ quality }) => divergenceOf(quality) <= Math.max(least * AS_GOOD, HARDLY_ANY))
    .toSorted((a, b) => b.speed - a.speed)[0];
}

function candidateOf({ loaded, name, lowLayers, quality, speed }: MeasuredPlan, chosen: boolean): Candidate {
  const { weightsBytes, totalBytes } = loaded;
  return { name, lowLayers, weightsBytes, totalBytes, quality, tokensPerSecond: speed, chosen };
}
