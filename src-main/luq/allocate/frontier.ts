import type { Allocator, Search } from './allocator.ts';
import type { Allocation } from './problem.ts';

/** A slider's steps are some pixels apart, and a file grows by 2 % from one to the next. */
const DEFAULT_PLANS = 128;

export interface FrontierOptions extends Omit<Search, 'quick'> {
  /** every plan keeps to it; no limit when undefined */
  readonly seconds?: number | undefined;
  /** at most, about */
  readonly plans?: number;
}

/**
 * One plan for every budget: from the smallest that there is to the nearest, ascending by bytes, each nearer to the source than those
 * before it. Empty when no plan is fast enough.
 */
export function frontierOf(
  allocator: Allocator,
  { seconds, noSlowerThanSeconds, plans = DEFAULT_PLANS }: FrontierOptions = {},
): Allocation[] {
  const frontier: Allocation[] = [];
  for (const budgetBytes of budgets(allocator.sizes, plans)) {
    const plan = allocator.allocate({ budgetBytes, seconds }, { noSlowerThanSeconds, quick: true });
    const last = frontier.at(-1);
    if (!plan || (last && plan.cost >= last.cost)) continue;
    // a plan may take less than its budget, and be smaller than one that was found for a smaller one
    while ((frontier.at(-1)?.bytes ?? -1) >= plan.bytes) frontier.pop();
    frontier.push(plan);
  }
  return frontier;
}

/** The plan for a budget: the last that fits; undefined when not even the first does. */
export function planWithin(frontier: readonly Allocation[], budgetBytes: number): Allocation | undefined {
  return frontier.findLast(({ bytes }) => bytes <= budgetBytes);
}

/** Evenly spaced by their logarithms, as every bit counts for more where few are left; where few steps lie between them, those as well. */
function budgets(sizes: readonly number[], plans: number): number[] {
  const [least = 0, most = 0] = [sizes[0], sizes.at(-1)];
  const steps = Math.max(1, plans - 1);
  const spaced = Array.from({ length: steps }, (_, i) => Math.floor(least * (most / least) ** (i / steps)));
  const kept = sizes.length <= plans ? sizes : [];
  return [...new Set([least, ...spaced, ...kept, most])].sort((a, b) => a - b);
}
