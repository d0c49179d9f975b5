import type { Plan } from '../luq/plan/plan.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { predictedSpeedOf, type Timing } from './predicted-speed.ts';

/** A plan as it is loaded, and its predicted tokens per second. */
export interface LoadedPlan<P extends Plan> {
  readonly plan: P;
  readonly tokensPerSecond: number;
}

/** In wide layouts where the budget has room for them and this machine is faster so; kernels not timed yet are timed first. */
export async function loadedPlan<P extends Plan>(
  context: Timing & { readonly planner: Pick<Planner, 'asLoaded'> },
  plan: P,
): Promise<LoadedPlan<P>> {
  const roomy = context.planner.asLoaded(plan, context.request.budget.bytes);
  const lean = { plan, tokensPerSecond: await predictedSpeedOf(context, plan) };
  if (roomy === plan) return lean;
  const wide = { plan: roomy, tokensPerSecond: await predictedSpeedOf(context, roomy) };
  return isFaster(wide.tokensPerSecond, lean.tokensPerSecond) ? wide : lean;
}

/** Whether wide layouts are worth their room; where that is not known, they may be. */
export function isFaster(wide: number | null, lean: number | null): boolean {
  return wide === null || lean === null || wide > lean;
}
