import { formatBytes } from '../contract/bytes.ts';
import { SnugError } from '../contract/errors.ts';
import { RUNGS, type Rung } from '../contract/rungs.ts';
import type { Planner, SmallestPlan } from '../luq/plan/planner.ts';
import { luqOrder } from './luq-choice.ts';
import { uniformPlan, type FitPlan } from './fit-plan.ts';
import type { ReadContext } from './context.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { noPlanKeepsQuality } from './quality-refusal.ts';
import { isLimited, keepsQuality } from './quality.ts';

/** The file type that was asked for, or the largest that fits; what the limits ask for is measured and holds. */
export async function chooseUniform(measuring: MeasuringContext): Promise<FitPlan> {
  const { request, trials } = measuring;
  const chosen = uniformPlan(measuring, insistUniformFits(measuring), luqOrder(measuring));
  if (isLimited(request.quality)) {
    const quality = await trials.measure(chosen.plan);
    if (!keepsQuality(quality, request.quality))
      throw noPlanKeepsQuality([{ quality }], request.budget, request.quality);
  }
  return chosen;
}

/** Those within the budget, the largest first. */
export function uniformsThatFit({ planner, request }: Pick<ReadContext, 'planner' | 'request'>): Rung[] {
  return RUNGS.map((rung) => ({ rung, memory: planner.uniform(rung).memory }))
    .filter(({ memory }) => memory.totalBytes <= request.budget.bytes)
    .sort((a, b) => b.memory.weightsBytes - a.memory.weightsBytes)
    .map(({ rung }) => rung);
}

/** The smallest there is. */
export function smallestUniform(planner: Planner): SmallestPlan {
  const sizes = RUNGS.map((rung) => ({
    words: `the whole model at ${rung}`,
    memory: planner.uniform(rung).memory,
  }));
  return sizes.reduce((least, one) => (one.memory.totalBytes < least.memory.totalBytes ? one : least));
}

/**
 * The file type of a uniform plan, known before hours of work.
 *
 * @throws SnugError DOES_NOT_FIT with what would
 */
export function insistUniformFits(context: Pick<ReadContext, 'planner' | 'request'>): Rung {
  const { planner, request } = context;
  const { plan, budget } = request;
  const [largest] = uniformsThatFit(context);
  if (largest === undefined) throw planner.refusal(budget, smallestUniform);
  const { fileType = largest } = plan;
  const needed = planner.uniform(fileType).memory.totalBytes;
  if (needed <= budget.bytes) return fileType;
  const [helping] = planner
    .withOtherKernels((other) => other.uniform(fileType).memory)
    .filter(({ totalBytes }) => totalBytes <= budget.bytes);
  const kernels = helping ? ` It would fit with ${helping.label} (${formatBytes(helping.totalBytes)}).` : '';
  throw new SnugError(
    'DOES_NOT_FIT',
    `at ${fileType} the model needs ${formatBytes(needed)}, ${formatBytes(needed - budget.bytes)} more than the budget of ${formatBytes(budget.bytes)}`,
    {
      advice: `The largest file type that fits is ${largest}.${kernels}`,
      remedies: [
        ...(helping?.remedies ?? []),
        { kind: 'set-file-type', type: largest },
        ...(needed <= budget.mostBytes ? [{ kind: 'set-budget', bytes: needed } as const] : []),
      ],
    },
  );
}
