/** One thing a layer could be: its bytes, and what it adds to the divergence (less than nothing when it is better). */
export interface Choice {
  readonly bytes: number;
  readonly error: number;
}

interface State {
  readonly bytes: number;
  readonly error: number;
  readonly choice: number;
  readonly before: State | undefined;
}

/**
 * Layers of a model come in two or three sizes, so few sums of bytes differ and the front stays small. Where it does not,
 * states of nearly equal size are merged into the better one: then the result is near the best, and still within the budget.
 */
const MOST_STATES = 20_000;

/**
 * The multiple-choice knapsack: one choice for each item so that the bytes stay within the capacity and the errors sum to
 * as little as possible. Exact, by the front of states of which none is both larger and worse than another.
 *
 * @returns per item the index of its choice; undefined when nothing fits
 */
export function cheapestErrors(
  items: readonly (readonly Choice[])[],
  capacityBytes: number,
): number[] | undefined {
  // what the items to come take at least: states that leave less room lead nowhere
  const least = items.map((choices) => Math.min(...choices.map(({ bytes }) => bytes)));
  let toCome = least.reduce((sum, bytes) => sum + bytes, 0);
  let front: State[] = [{ bytes: 0, error: 0, choice: -1, before: undefined }];
  for (const [index, choices] of items.entries()) {
    toCome -= least[index] as number;
    const states = front.flatMap((before) =>
      choices.map(({ bytes, error }, choice) => ({
        bytes: before.bytes + bytes,
        error: before.error + error,
        choice,
        before,
      })),
    );
    front = thinned(undominated(states.filter(({ bytes }) => bytes + toCome <= capacityBytes)));
  }
  return trace(front.at(-1));
}

/** By ascending bytes and descending error. */
function undominated(states: readonly State[]): State[] {
  const front: State[] = [];
  for (const state of states.toSorted((a, b) => a.bytes - b.bytes || a.error - b.error)) {
    const last = front.at(-1);
    if (!last || state.error < last.error) front.push(state);
  }
  return front;
}

function thinned(front: readonly State[]): State[] {
  if (front.length <= MOST_STATES) return [...front];
  const smallest = front[0]?.bytes ?? 0;
  const width = ((front.at(-1)?.bytes ?? 0) - smallest) / MOST_STATES;
  // later states of a front are better
  const best = new Map(front.map((state) => [Math.floor((state.bytes - smallest) / width), state]));
  // the smallest one must stay: it may be the only one that still fits at the end
  return undominated([front[0] as State, ...best.values()]);
}

function trace(state: State | undefined): number[] | undefined {
  if (!state) return undefined;
  const choices: number[] = [];
  for (let at: State | undefined = state; at?.before; at = at.before) choices.push(at.choice);
  return choices.reverse();
}
