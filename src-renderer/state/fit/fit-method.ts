import type { FitStart } from '../../../src-main/contract/fit-job.ts';
import type { Ordering } from '../../../src-main/contract/fit-request.ts';
import type { PlanReport } from '../../../src-main/contract/fit-report.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import { FIT_METHODS, type FitMethod } from '../../text/fit-methods.ts';

/** Shares of next words that may be asked for; null asks for nothing. */
export const QUALITY_CHOICES: readonly (number | null)[] = [null, 0.8, 0.85, 0.9, 0.95, 0.98];

export function defaultMethod(model: Pick<ModelEntry, 'ordering'>): FitMethod {
  return methodOf({ kind: 'paper', ordering: model.ordering ?? 'entropy' });
}

/** What a fit is asked for; `auto` leaves the order to the model's own. */
export function startOf(method: FitMethod): Pick<FitStart, 'plan' | 'ordering'> {
  return method === 'auto' ? { plan: 'auto' } : { ordering: method };
}

/** The method a plan was made by; an order that the window does not offer counts as the paper's. */
export function methodOf({ kind, ordering }: Pick<PlanReport, 'kind'> & { ordering: string }): FitMethod {
  if (kind === 'auto') return 'auto';
  return FIT_METHODS.find((method) => method === (ordering as Ordering)) ?? 'entropy';
}

/** Whether the layers are known before the fit: others are found by measuring. */
export function isForeseeable(method: FitMethod): boolean {
  return method === 'entropy' || method === 'edge-protected';
}
