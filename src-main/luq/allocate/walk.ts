import type { Choice, Picks, Problem } from './problem.ts';

interface Step {
  readonly item: number;
  readonly pick: number;
  readonly bytes: number;
  readonly seconds: number;
  /** what a byte more buys, in nats */
  readonly worth: number;
}

/**
 * From every tensor's smallest type to its best, one step after another, what buys most for a byte first: the plans of the Lagrangian
 * relaxation for all budgets at once. A second of a token's time has a price: `price` nats.
 */
export class Walk {
  readonly price: number;
  readonly #start: Picks;
  readonly #steps: readonly Step[];
  /** after so many steps */
  readonly bytes: Float64Array;
  readonly seconds: Float64Array;

  constructor(problem: Problem, price: number) {
    this.price = price;
    const hulls = problem.items.map(({ choices }) => hullOf(choices, price));
    this.#start = Uint8Array.from(hulls, (hull) => hull[0] ?? 0);
    this.#steps = hulls
      .flatMap((hull, item) => stepsOf(problem, { item, hull, price }))
      .sort((a, b) => b.worth - a.worth);
    this.bytes = new Float64Array(this.#steps.length + 1);
    this.seconds = new Float64Array(this.#steps.length + 1);
    const first = problem.sums(this.#start);
    [this.bytes[0], this.seconds[0]] = [first.bytes, first.seconds];
    for (const [i, { bytes, seconds }] of this.#steps.entries()) {
      this.bytes[i + 1] = (this.bytes[i] ?? 0) + bytes;
      this.seconds[i + 1] = (this.seconds[i] ?? 0) + seconds;
    }
  }

  /** How many steps a budget pays for, from the first on; undefined when not even none. */
  stepsWithin(budgetBytes: number): number | undefined {
    if ((this.bytes[0] ?? 0) > budgetBytes) return undefined;
    let [within, beyond] = [0, this.bytes.length];
    while (beyond - within > 1) {
      const middle = (within + beyond) >> 1;
      if ((this.bytes[middle] ?? 0) <= budgetBytes) within = middle;
      else beyond = middle;
    }
    return within;
  }

  picksAfter(steps: number): Picks {
    const picks = this.#start.slice();
    for (const { item, pick } of this.#steps.slice(0, steps)) picks[item] = pick;
    return picks;
  }

  /** What a byte is worth there, in nats: of the first step that is not taken. */
  worthAfter(steps: number): number {
    return this.#steps[steps]?.worth ?? 0;
  }
}

/** Of choices by ascending bytes: the lower convex hull down to the lowest price. */
function hullOf(choices: readonly Choice[], price: number): number[] {
  const priced = choices.map(({ bytes, cost, seconds }) => ({ bytes, price: cost + price * seconds }));
  const hull: number[] = [];
  const at = (index: number | undefined) => priced[index ?? 0] ?? { bytes: 0, price: 0 };
  for (const [i, next] of priced.entries()) {
    const last = at(hull.at(-1));
    if (hull.length > 0 && next.price >= last.price) continue;
    // of equal sizes the cheaper
    if (hull.length > 0 && next.bytes === last.bytes) hull.pop();
    while (hull.length > 1) {
      const [before, end] = [at(hull.at(-2)), at(hull.at(-1))];
      const isBelow =
        (next.price - before.price) * (end.bytes - before.bytes) <=
        (end.price - before.price) * (next.bytes - before.bytes);
      if (!isBelow) break;
      hull.pop();
    }
    hull.push(i);
  }
  return hull;
}

function stepsOf(
  problem: Problem,
  { item, hull, price }: { readonly item: number; readonly hull: readonly number[]; readonly price: number },
): Step[] {
  return hull.slice(1).map((pick, i) => {
    const from = problem.choice(item, hull[i] ?? 0);
    const to = problem.choice(item, pick);
    const bytes = to.bytes - from.bytes;
    const seconds = to.seconds - from.seconds;
    return { item, pick, bytes, seconds, worth: (from.cost - to.cost - price * seconds) / bytes };
  });
}
