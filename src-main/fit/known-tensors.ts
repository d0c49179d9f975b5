import { knownKernelSpeeds } from '../profile/probe-cache.ts';
import type { ReadContext } from './context.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { kernelSpeeds } from './predicted-speed.ts';
import { kernelsToTime, priorKnowledge, TensorPlans, usuallyHasImportance } from './tensor-plans.ts';

/** Plans of a type for every tensor, from all that is known of a calibrated model; kernels not timed here yet are timed first. */
export async function knownTensorPlans(measuring: MeasuringContext): Promise<TensorPlans> {
  const { addon, calibrated, signal, onProgress } = measuring;
  const costs = priorKnowledge(measuring);
  const timed = kernelsToTime(measuring, costs);
  const speeds = await knownKernelSpeeds(addon, timed, {
    ...kernelSpeeds(measuring),
    signal,
    onProgress: (done, total) =>
      onProgress?.({ stage: 'plan', done, total, unit: 'steps', detail: 'timing this machine' }),
  });
  const hasImportance = (tensor: string): boolean => calibrated.imatrix.entries.has(tensor);
  return new TensorPlans(measuring, { costs, hasImportance, speeds });
}

/**
 * Whether any plan fits, before hours of work.
 *
 * @throws SnugError DOES_NOT_FIT with what would
 */
export function insistTensorsFit(context: ReadContext): void {
  const { planner, request } = context;
  const knowledge = { costs: priorKnowledge(context), hasImportance: usuallyHasImportance, speeds: [] };
  const { smallest } = new TensorPlans(context, knowledge);
  if (smallest.memory.totalBytes > request.budget.bytes) throw planner.refusal(request.budget, smallest);
}
