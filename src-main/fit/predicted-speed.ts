import type { Plan } from '../luq/plan/plan.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { kernelCache, knownKernelSpeeds } from '../profile/probe-cache.ts';
import { predictTokensPerSecond } from '../profile/probe.ts';
import type { ReadContext } from './context.ts';

/** Where this machine's kernel speeds are kept, and under which conditions they were timed. */
export function kernelSpeeds({ request, laptop }: Pick<ReadContext, 'request' | 'laptop'>) {
  return { cachePath: kernelCache(request.home), laptop, threads: request.threads };
}

/** What a plan's speed is predicted for: a machine, a number of threads and the model's matrices. */
export type Timing = Pick<ReadContext, 'addon' | 'request' | 'laptop' | 'signal'> & {
  readonly planner: Pick<Planner, 'decodeMatrices'>;
};

/** Predicted tokens per second of a plan; kernels that this machine has not timed yet are timed first. */
export async function predictedSpeedOf(context: Timing, plan: Plan): Promise<number> {
  const { addon, planner, signal } = context;
  const matrices = planner.decodeMatrices(plan);
  const speeds = await knownKernelSpeeds(addon, matrices, { ...kernelSpeeds(context), signal });
  return predictTokensPerSecond(matrices, speeds);
}
