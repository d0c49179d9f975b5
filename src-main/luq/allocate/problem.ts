import { SnugError } from '../../contract/errors.ts';

/** One type that a tensor could be stored in. */
export interface Choice {
  /** ggml id */
  readonly type: number;
  readonly bytes: number;
  /** nats that it adds to the divergence of the whole; added up over tensors */
  readonly cost: number;
  /** that multiplying with it takes of each token's time; 0 where nobody asks */
  readonly seconds: number;
}

/** A tensor and the types it could be stored in. */
export interface Item {
  readonly name: string;
  readonly choices: readonly Choice[];
}

/** What a plan may take. */
export interface Limits {
  /** of all tensors together */
  readonly budgetBytes: number;
  /** of all tensors together, for each token */
  readonly seconds?: number | undefined;
}

/** A type for every tensor, and what that takes. */
export interface Allocation {
  /** tensor name → ggml type id */
  readonly types: ReadonlyMap<string, number>;
  readonly bytes: number;
  /** nats, added up */
  readonly cost: number;
  readonly seconds: number;
}

/** Per item the index of its choice. */
export type Picks = Uint8Array;

export interface Sums {
  readonly bytes: number;
  readonly cost: number;
  readonly seconds: number;
}

/** Choices of all items in one row; those of item i from `first[i]` up to `first[i + 1]`. */
interface FlatChoices {
  readonly first: Uint32Array;
  readonly bytes: Float64Array;
  readonly cost: Float64Array;
  readonly seconds: Float64Array;
}

function flatten(items: readonly Item[]): FlatChoices {
  const all = items.flatMap(({ choices }) => choices);
  const first = new Uint32Array(items.length + 1);
  for (const [i, { choices }] of items.entries()) first[i + 1] = (first[i] ?? 0) + choices.length;
  return {
    first,
    bytes: Float64Array.from(all, ({ bytes }) => bytes),
    cost: Float64Array.from(all, ({ cost }) => cost),
    seconds: Float64Array.from(all, ({ seconds }) => seconds),
  };
}

/** Items whose choices are in ascending order of bytes, none of them worse than another in every way. */
export class Problem {
  readonly items: readonly Item[];
  /** of the smallest choices */
  readonly leastBytes: number;
  /** of the fastest choices */
  readonly leastSeconds: number;
  /** of the worst choices */
  readonly mostCost: number;
  /** the same choices, item after item, as numbers that are quick to go through */
  readonly flat: FlatChoices;

  /** @throws SnugError BUG when a tensor has no choice that is a number */
  constructor(items: readonly Item[]) {
    this.items = items.map(({ name, choices }) => ({ name, choices: sensible(name, choices) }));
    this.flat = flatten(this.items);
    const total = (end: (...values: number[]) => number, of: (choice: Choice) => number) =>
      this.items.reduce((sum, { choices }) => sum + end(...choices.map(of)), 0);
    this.leastBytes = total(Math.min, ({ bytes }) => bytes);
    this.leastSeconds = total(Math.min, ({ seconds }) => seconds);
    this.mostCost = total(Math.max, ({ cost }) => cost);
  }

  choice(item: number, pick: number): Choice {
    const choice = this.items[item]?.choices[pick];
    if (choice === undefined) throw new SnugError('BUG', `tensor ${item} has no choice ${pick}`);
    return choice;
  }

  sums(picks: Picks): Sums {
    let [bytes, cost, seconds] = [0, 0, 0];
    for (const [item, pick] of picks.entries()) {
      const choice = this.choice(item, pick);
      bytes += choice.bytes;
      cost += choice.cost;
      seconds += choice.seconds;
    }
    return { bytes, cost, seconds };
  }

  allocation(picks: Picks): Allocation {
    const types = new Map(
      this.items.map(({ name }, item) => [name, this.choice(item, picks[item] ?? 0).type]),
    );
    return { types, ...this.sums(picks) };
  }
}

/** Rounding of sums of doubles must not make a plan too slow that is exactly as fast as the limit. */
const SECONDS_TOLERANCE = 1e-9;

export function isWithin({ bytes, seconds }: Omit<Sums, 'cost'>, limits: Limits): boolean {
  return bytes <= limits.budgetBytes && seconds <= mostSeconds(limits);
}

export function mostSeconds({ seconds }: Limits): number {
  return seconds === undefined ? Infinity : seconds * (1 + SECONDS_TOLERANCE);
}

/**
 * Measured divergences may be missing (NaN: no choice), and below zero where noise is larger than they are (then they are none). What
 * another choice beats or equals in bytes, cost and seconds is left out.
 */
function sensible(name: string, choices: readonly Choice[]): Choice[] {
  const numbers = choices
    .filter(
      ({ bytes, cost, seconds }) => bytes >= 0 && seconds >= 0 && Number.isFinite(bytes + cost + seconds),
    )
    .map((choice) => ({ ...choice, cost: Math.max(choice.cost, 0) }))
    .sort((a, b) => a.bytes - b.bytes || a.cost - b.cost || a.seconds - b.seconds);
  if (numbers.length === 0) throw new SnugError('BUG', `nothing is known of any type for ${name}`);
  const kept: Choice[] = [];
  for (const choice of numbers) {
    const isBeaten = kept.some(({ cost, seconds }) => cost <= choice.cost && seconds <= choice.seconds);
    if (!isBeaten) kept.push(choice);
  }
  return kept;
}
