import { cheapest, STATES } from './exact.ts';
import { filled } from './fill.ts';
import { isWithin, Problem, type Allocation, type Item, type Limits } from './problem.ts';
import { Walk } from './walk.ts';

/** Prices of a second that are tried: so many between one and its double, and so many doubles up and down. */
const PRICES_PER_DOUBLE = 8;
const DOUBLES = 24;

/** How a plan is looked for. */
export interface Search {
  /** a plan that is not slower than this is taken where it costs hardly more */
  readonly noSlowerThanSeconds?: number | undefined;
  /** look less far in the last step: some milliseconds in place of some tens */
  readonly quick?: boolean;
}

/** How much further from the source a plan may be for being fast enough. */
const AS_NEAR = 0.02;

/**
 * Gives each tensor one of its types (multiple-choice knapsack): Lagrangian relaxation, its gap filled, then exact over the tensors that
 * are not settled by it. Deterministic; made once for all budgets.
 */
export class Allocator {
  readonly #problem: Problem;
  readonly #usualPrice: number;
  readonly #walks = new Map<number, Walk>();

  /** @throws SnugError BUG when a tensor has no choice whose bytes, cost and seconds are numbers */
  constructor(items: readonly Item[]) {
    this.#problem = new Problem(items);
    this.#usualPrice = usualPrice(this.#problem);
  }

  /** Of the smallest plan there is: no budget below it holds any. */
  get leastBytes(): number {
    return this.#problem.leastBytes;
  }

  /** Of the fastest plan there is, however large. */
  get leastSeconds(): number {
    return this.#problem.leastSeconds;
  }

  /** Sizes at which the relaxation's plan changes, ascending: from the smallest plan to the nearest. */
  get sizes(): number[] {
    return [...this.#walk(0).bytes];
  }

  /**
   * The plan that costs least within the limits; where it is slower than `noSlowerThanSeconds`, the best that is not, if that costs at most
   * AS_NEAR more.
   *
   * @returns undefined when nothing fits
   */
  allocate(limits: Limits, { noSlowerThanSeconds, quick = false }: Search = {}): Allocation | undefined {
    const states = quick ? STATES.quick : STATES.thorough;
    const nearest = this.#solve(limits, { states, mostCost: Infinity });
    if (!nearest || noSlowerThanSeconds === undefined || nearest.seconds <= noSlowerThanSeconds)
      return nearest;
    const seconds = Math.min(noSlowerThanSeconds, limits.seconds ?? Infinity);
    const mostCost = nearest.cost * (1 + AS_NEAR);
    return this.#solve({ ...limits, seconds }, { states, mostCost }) ?? nearest;
  }

  #solve(
    limits: Limits,
    effort: { readonly states: number; readonly mostCost: number },
  ): Allocation | undefined {
    const problem = this.#problem;
    if (!isWithin({ bytes: problem.leastBytes, seconds: problem.leastSeconds }, limits)) return undefined;
    const { walk, steps } = this.#relaxed(limits);
    const relaxed = walk.picksAfter(steps);
    const known = isWithin(problem.sums(relaxed), limits) ? filled(problem, relaxed, limits) : undefined;
    const mostCost = Math.min(effort.mostCost, problem.mostCost);
    const prices = { byte: walk.worthAfter(steps), second: walk.price };
    const picks = cheapest(problem, prices, { ...effort, limits, known, mostCost });
    return picks && problem.allocation(picks);
  }

  /** The cheapest price of a second at which the relaxation's plan is fast enough, or the highest there is. */
  #relaxed(limits: Limits): { walk: Walk; steps: number } {
    const at = (index: number | undefined) => {
      const walk = this.#walk(index === undefined ? 0 : this.#priceAt(index));
      const steps = walk.stepsWithin(limits.budgetBytes) ?? 0;
      const isFast = isWithin({ bytes: walk.bytes[steps] ?? 0, seconds: walk.seconds[steps] ?? 0 }, limits);
      return { walk, steps, isFast };
    };
    const free = at(undefined);
    if (free.isFast) return free;
    const most = DOUBLES * PRICES_PER_DOUBLE;
    let [slow, fast] = [-most, most];
    while (fast - slow > 1) {
      const middle = (slow + fast) >> 1;
      if (at(middle).isFast) fast = middle;
      else slow = middle;
    }
    return at(fast);
  }

  #priceAt(index: number): number {
    return this.#usualPrice * 2 ** (index / PRICES_PER_DOUBLE);
  }

  #walk(price: number): Walk {
    const known = this.#walks.get(price);
    if (known) return known;
    const walk = new Walk(this.#problem, price);
    this.#walks.set(price, walk);
    return walk;
  }
}

/** Nats a second: what the best types save in nats for what they take in seconds. */
function usualPrice({ items }: Problem): number {
  const span = (of: 'cost' | 'seconds') =>
    items.reduce((sum, { choices }) => {
      const values = choices.map((choice) => choice[of]);
      return sum + Math.max(...values) - Math.min(...values);
    }, 0);
  return span('cost') / (span('seconds') || 1);
}
