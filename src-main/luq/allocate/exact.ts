import { isWithin, mostSeconds, type Limits, type Picks, type Problem } from './problem.ts';

/** Prices of the relaxation, in nats. */
export interface Prices {
  readonly byte: number;
  readonly second: number;
}

/** How far it is looked: states of nearly equal size are merged beyond so many. Then the best may be missed, but never by much. */
export const STATES = { thorough: 1000, quick: 64 };

interface State {
  readonly bytes: number;
  readonly seconds: number;
  /** how much more it costs by the prices than the relaxation's best */
  readonly excess: number;
  readonly pick: number;
  readonly before: State | undefined;
}

interface Core {
  readonly item: number;
  readonly options: readonly Option[];
}

interface Option {
  readonly pick: number;
  readonly bytes: number;
  readonly seconds: number;
  excess: number;
}

/** Of sums of doubles. */
const ROUNDING = 1e-9;

/** What a plan has to be. */
export interface Wanted {
  readonly limits: Limits;
  /** a plan within the limits, to be improved on; undefined when none is known */
  readonly known: Picks | undefined;
  /** nats that are too many */
  readonly mostCost: number;
  /** of STATES */
  readonly states: number;
}

/**
 * The plan that costs least within the limits. By the relaxation's prices no plan costs less than a bound; whatever strays from the best by
 * more than lies between bound and `known` cannot be better than that (reduced-cost fixing), so that most tensors keep one type and the
 * front over the others is short. None of its states is larger, slower and worse than another.
 *
 * @returns undefined when nothing fits that costs at most `mostCost`
 */
export function cheapest(problem: Problem, prices: Prices, wanted: Wanted): Picks | undefined {
  const { limits, mostCost, states } = wanted;
  const { least, bound } = relaxed(problem, limits, prices);
  const knownCost = wanted.known ? problem.sums(wanted.known).cost : Infinity;
  const known = knownCost <= mostCost ? wanted.known : undefined;
  const margin = (known ? knownCost : mostCost * (1 + ROUNDING)) - bound;
  const hasLimit = limits.seconds !== undefined;
  const items = Array.from(least, (price, item) =>
    optionsOf(problem, prices, { item, least: price, margin, hasLimit }),
  );
  const { settled, open } = settle(items);
  // an item without an option left says that nothing beats what is known
  if (open.some(({ options }) => options.length === 0)) return known;
  const left = remaining(open);
  let front: State[] = [{ ...settled.sums, pick: -1, before: undefined }];
  for (const [i, { options }] of open.entries()) {
    const rest = left[i + 1] ?? { bytes: 0, seconds: 0 };
    const room = {
      bytes: limits.budgetBytes - rest.bytes,
      seconds: mostSeconds(limits) - rest.seconds,
      excess: margin,
    };
    front = thinned(undominated(extended(front, options, room), prices), prices, states);
    if (front.length === 0) return known;
  }
  const end = front.filter(({ bytes, seconds }) => isWithin({ bytes, seconds }, limits));
  const found = traced(best(end, prices), open, settled.picks);
  // where states were merged, the best of them may have been
  if (found && problem.sums(found).cost < (known ? knownCost : mostCost * (1 + ROUNDING))) return found;
  return known;
}

/** Each item's least price, and what no plan within the limits costs less than. */
function relaxed(problem: Problem, limits: Limits, prices: Prices): { least: Float64Array; bound: number } {
  const { first } = problem.flat;
  const least = new Float64Array(first.length - 1);
  const hasLimit = limits.seconds !== undefined;
  let bound = -prices.byte * limits.budgetBytes - (hasLimit ? prices.second * limits.seconds : 0);
  for (let item = 0; item < least.length; item++) {
    let lowest = Infinity;
    for (let i = first[item] ?? 0; i < (first[item + 1] ?? 0); i++) {
      lowest = Math.min(lowest, priceAt(problem, i, prices));
    }
    least[item] = lowest;
    bound += lowest;
  }
  return { least, bound };
}

function priceAt({ flat }: Problem, index: number, { byte, second }: Prices): number {
  return (flat.cost[index] ?? 0) + byte * (flat.bytes[index] ?? 0) + second * (flat.seconds[index] ?? 0);
}

/** What of an item's choices strays by less than the margin. */
function optionsOf(
  problem: Problem,
  prices: Prices,
  { item, least, margin, hasLimit }: { item: number; least: number; margin: number; hasLimit: boolean },
): Option[] {
  const { first, bytes, seconds } = problem.flat;
  const start = first[item] ?? 0;
  const options: Option[] = [];
  for (let i = start; i < (first[item + 1] ?? 0); i++) {
    const excess = priceAt(problem, i, prices) - least;
    if (excess >= margin) continue;
    // without a limit no state is better for being faster
    options.push({
      pick: i - start,
      bytes: bytes[i] ?? 0,
      seconds: hasLimit ? (seconds[i] ?? 0) : 0,
      excess,
    });
  }
  return options;
}

/** Takes the items that only one type is left for, and puts the others in order: what differs most in size comes last. */
function settle(items: readonly (readonly Option[])[]) {
  const picks = new Uint8Array(items.length);
  const sums = { bytes: 0, seconds: 0, excess: 0 };
  const open: (Core & { readonly spread: number })[] = [];
  for (const [item, options] of items.entries()) {
    const [only] = options;
    if (options.length === 1 && only) {
      picks[item] = only.pick;
      sums.bytes += only.bytes;
      sums.seconds += only.seconds;
      sums.excess += only.excess;
    } else {
      open.push({ item, options, spread: (options.at(-1)?.bytes ?? 0) - (options[0]?.bytes ?? 0) });
    }
  }
  open.sort((a, b) => a.spread - b.spread);
  return { settled: { picks, sums }, open };
}

/** What the items from each one on take at least. */
function remaining(cores: readonly Core[]): { bytes: number; seconds: number }[] {
  let rest = { bytes: 0, seconds: 0 };
  const after = cores.toReversed().map(({ options }) => {
    rest = {
      bytes: rest.bytes + Math.min(...options.map(({ bytes }) => bytes)),
      seconds: rest.seconds + Math.min(...options.map(({ seconds }) => seconds)),
    };
    return rest;
  });
  return [{ bytes: 0, seconds: 0 }, ...after].reverse();
}

function extended(
  front: readonly State[],
  options: readonly Option[],
  room: { readonly bytes: number; readonly seconds: number; readonly excess: number },
): State[] {
  const states: State[] = [];
  for (const before of front) {
    for (const option of options) {
      const bytes = before.bytes + option.bytes;
      const seconds = before.seconds + option.seconds;
      const excess = before.excess + option.excess;
      if (bytes > room.bytes || seconds > room.seconds || excess >= room.excess) continue;
      states.push({ bytes, seconds, excess, pick: option.pick, before });
    }
  }
  return states;
}

/** Cost of a state, but for what is the same for all. */
function valueOf({ bytes, seconds, excess }: State, { byte, second }: Prices): number {
  return excess - byte * bytes - second * seconds;
}

/** By ascending bytes; a state stays when nothing smaller is as fast and costs as little. */
function undominated(states: readonly State[], prices: Prices): State[] {
  const valued = states.map((state) => ({ state, value: valueOf(state, prices) }));
  valued.sort((a, b) => a.state.bytes - b.state.bytes || a.value - b.value);
  const kept: State[] = [];
  // of what is kept so far, by ascending seconds: faster ones cost more
  const stairs: { seconds: number; value: number }[] = [];
  for (const { state, value } of valued) {
    let from = firstSlower(stairs, state.seconds);
    const faster = stairs[from - 1];
    if (faster && faster.value <= value) continue;
    let to = from;
    while (to < stairs.length && (stairs[to]?.value ?? 0) >= value) to++;
    if (faster?.seconds === state.seconds) from--;
    stairs.splice(from, to - from, { seconds: state.seconds, value });
    kept.push(state);
  }
  return kept;
}

function firstSlower(stairs: readonly { readonly seconds: number }[], seconds: number): number {
  let [from, to] = [0, stairs.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((stairs[middle]?.seconds ?? 0) > seconds) to = middle;
    else from = middle + 1;
  }
  return from;
}

function thinned(front: State[], prices: Prices, most: number): State[] {
  if (front.length <= most) return front;
  const smallest = front[0]?.bytes ?? 0;
  const width = ((front.at(-1)?.bytes ?? 0) - smallest) / most || 1;
  const buckets = new Map<number, State>();
  for (const state of front) {
    const bucket = Math.floor((state.bytes - smallest) / width);
    const rival = buckets.get(bucket);
    if (!rival || valueOf(state, prices) < valueOf(rival, prices)) buckets.set(bucket, state);
  }
  return [...buckets.values()];
}

function best(front: readonly State[], prices: Prices): State | undefined {
  let found: State | undefined;
  for (const state of front) {
    if (!found || valueOf(state, prices) < valueOf(found, prices)) found = state;
  }
  return found;
}

function traced(state: State | undefined, open: readonly Core[], settled: Picks): Picks | undefined {
  if (!state) return undefined;
  const picks = settled.slice();
  let at = state;
  for (const { item } of open.toReversed()) {
    picks[item] = at.pick;
    if (at.before) at = at.before;
  }
  return picks;
}
