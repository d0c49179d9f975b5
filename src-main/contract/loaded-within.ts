import type { PlanOutcome } from './workers/compress.ts';

type Laid = Pick<PlanOutcome, 'memory' | 'tokensPerSecond'>;

/** What a plan takes and gives as it will be loaded: in wide layouts where the budget leaves room for them. */
export function loadedWithin<P extends Laid & Pick<PlanOutcome, 'wide'>>(plan: P, budgetBytes: number): P {
  const { wide } = plan;
  return wide !== null && wide.memory.totalBytes <= budgetBytes ? { ...plan, ...wide } : plan;
}
