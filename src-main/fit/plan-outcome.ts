import type { PlanOutcome } from '../contract/workers/compress.ts';
import type { Plan } from '../luq/plan/plan.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { isFaster } from './loaded-plan.ts';

/**
 * What a plan takes and gives, and what that would be if its budget left room for wide layouts.
 *
 * @param speedOf predicted tokens per second, in the layouts that a plan's memory counts
 */
export function planOutcome(
  planner: Planner,
  plan: Plan,
  speedOf: (plan: Plan) => number | null,
): PlanOutcome {
  const roomy = planner.asLoaded(plan, Infinity);
  const [lean, wide] = [speedOf(plan), speedOf(roomy)];
  return {
    fileBytes: planner.fileBytes(plan),
    memory: plan.memory,
    tokensPerSecond: lean,
    wide: roomy !== plan && isFaster(wide, lean) ? { memory: roomy.memory, tokensPerSecond: wide } : null,
  };
}
