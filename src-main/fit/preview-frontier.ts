import type { ForeseenOutcome } from '../contract/workers/compress.ts';
import { RUNGS } from '../contract/rungs.ts';
import { layerFileTypes } from '../luq/plan/file-type.ts';
import type { Plan } from '../luq/plan/plan.ts';
import type { FindSmallest } from '../luq/plan/planner.ts';
import { keptKernelSpeeds, knownKernelSpeeds } from '../profile/probe-cache.ts';
import type { ReadContext } from './context.ts';
import { planOutcome } from './plan-outcome.ts';
import { smallestUniform } from './uniform-choice.ts';
import { kernelSpeeds } from './predicted-speed.ts';
import {
  kernelsToTime,
  priorKnowledge,
  smallestOfTensors,
  TensorPlans,
  usuallyHasImportance,
  type ForeseenPlan,
} from './tensor-plans.ts';

/** Plans beyond this many nats from the source are no longer told apart from it: a larger file would buy nothing. */
const AS_THE_SOURCE = 0.0015;

/**
 * What the largest plan that fits would be, for every budget: by ascending memory, smaller than the source. With `measure`, kernels that
 * this machine has not timed are timed first. Null of the paper's plan, whose sizes are those of its numbers of low layers.
 */
export async function frontierOf(context: ReadContext, measure: boolean): Promise<ForeseenOutcome[] | null> {
  const { addon, planner, request } = context;
  const { kind, minTokensPerSecond } = request.plan;
  if (kind === 'luq') return null;
  const costs = priorKnowledge(context);
  const kept = kernelSpeeds(context);
  const speeds = measure
    ? await knownKernelSpeeds(addon, kernelsToTime(context, costs), kept)
    : keptKernelSpeeds(kept);
  const plans = new TensorPlans(context, { costs, hasImportance: usuallyHasImportance, speeds });
  const foreseen =
    kind === 'best'
      ? fastEnough(plans, minTokensPerSecond)
      : RUNGS.map((rung) => plans.foresee(planner.uniform(rung)));
  return worthwhile(foreseen, planner.unquantized().memory.totalBytes).map((one) =>
    outcomeOf(context, one, (plan) => plans.speedOf(plan)),
  );
}

/** What the smallest plan of those would be. */
export function smallestOf(context: Pick<ReadContext, 'source' | 'planner' | 'request'>): FindSmallest {
  return context.request.plan.kind === 'uniform' ? smallestUniform : smallestOfTensors(context);
}

/** Where no plan is fast enough the fit says so; what there is without that is shown. */
function fastEnough(plans: TensorPlans, minTokensPerSecond: number | undefined): ForeseenPlan[] {
  const fast = plans.frontier(minTokensPerSecond);
  return fast.length > 0 ? fast : plans.frontier();
}

/** By ascending memory, up to the first that is as good as the source. */
function worthwhile(plans: readonly ForeseenPlan[], sourceBytes: number): ForeseenPlan[] {
  const smaller = plans
    .filter(({ plan }) => plan.memory.totalBytes < sourceBytes)
    .sort((a, b) => a.plan.memory.totalBytes - b.plan.memory.totalBytes);
  const end = smaller.findIndex(({ nats }) => nats <= AS_THE_SOURCE);
  return end < 0 ? smaller : smaller.slice(0, end + 1);
}

function outcomeOf(
  { planner, source }: ReadContext,
  { plan, nats }: ForeseenPlan,
  speedOf: (plan: Plan) => number | null,
): ForeseenOutcome {
  const { gguf, layers, parameters } = source.text;
  return {
    ...planOutcome(planner, plan, speedOf),
    bitsPerWeight: (plan.memory.weightsBytes * 8) / parameters,
    nats,
    layerRungs: layerFileTypes(gguf.tensors, plan.types, layers),
  };
}
