import type { FitStart } from '../../../src-main/contract/fit-job.ts';
import type { Ordering } from '../../../src-main/contract/fit-request.ts';
import type { PlanReport } from '../../../src-main/contract/fit-report.ts';
import { FIT_METHODS, type FitMethod } from '../../text/fit-methods.ts';

/** Shares of next words that may be asked for; null asks for nothing. */
export const QUALITY_CHOICES: readonly (number | null)[] = [null, 0.8, 0.85, 0.9, 0.95, 0.98];

/** What a fit is asked for; a plan that is not the paper's leaves the order to the model's own. */
export function startOf(method: FitMethod): Pick<FitStart, 'plan' | 'ordering'> {
  return method === 'best' || method === 'uniform' ? { plan: method } : { plan: 'luq', ordering: method };
}

/** The method a plan was made by; an order that the window does not offer counts as the paper's. */
export function methodOf({ kind, ordering }: Pick<PlanReport, 'kind'> & { ordering: string }): FitMethod {
  if (kind !== 'luq') return kind;
  return FIT_METHODS.find((method) => method === (ordering as Ordering)) ?? 'entropy';
}

/** Whether what becomes of the model is known before the fit: other plans are found by measuring. */
export function isForeseeable(method: FitMethod): boolean {
  return method !== 'sensitivity';
}
