import type { PlanReport } from '../contract/fit-report.ts';
import type { Rounding } from '../contract/fit-request.ts';
import { fedTrial } from './fed-rounding.ts';
import type { FitPlan } from './fit-plan.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { divergenceOf, keepsQuality } from './quality.ts';

/** How a plan is rounded, and what measuring both ways came to where that was asked for. */
export interface ChosenRounding {
  readonly rounding: Rounding;
  readonly roundings: PlanReport['roundings'];
}

/** Models that are measured, and one that is rounded in between. */
const STEPS = 3;

/** As it was asked for; else the one that leaves the plan's model nearer to the source, plain where neither is. */
export async function chooseRounding(
  measuring: MeasuringContext,
  { plan, family }: Pick<FitPlan, 'plan' | 'family'>,
): Promise<ChosenRounding> {
  const { request, trials, onProgress } = measuring;
  if (request.rounding !== 'auto') return { rounding: request.rounding, roundings: null };
  if (family === 'source') return { rounding: 'plain', roundings: null };
  const step = (before: number) => (share: number) =>
    onProgress?.({
      ...{ stage: 'choose', done: before + share, total: STEPS, unit: 'steps' },
      detail: 'errors fed on',
    });
  const plain = await trials.measure(plan, undefined, step(0));
  const rounded = step(1);
  const trial = await fedTrial(
    { ...measuring, onProgress: ({ done, total }) => rounded(total > 0 ? done / total : 0) },
    plan.types,
  );
  const fed = await trials.measure(trial, undefined, step(2));
  step(STEPS)(0);
  const isNearer = divergenceOf(fed) < divergenceOf(plain) && keepsQuality(fed, request.quality);
  return {
    rounding: isNearer ? 'fed' : 'plain',
    roundings: { plain: finite(divergenceOf(plain)), fed: finite(divergenceOf(fed)) },
  };
}

function finite(nats: number): number | null {
  return Number.isFinite(nats) ? nats : null;
}
