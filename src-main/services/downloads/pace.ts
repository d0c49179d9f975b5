/** What is looked back on: short enough to follow a connection, long enough not to jump. */
const WINDOW_MILLISECONDS = 10_000;
/** Before that the first packets say nothing. */
const LEAST_MILLISECONDS = 1_000;

/** How fast bytes come, from those of the last seconds. */
export class Pace {
  readonly #now: () => number;
  readonly #seen: { readonly at: number; readonly done: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes how many bytes are here. Fewer than before are a new beginning. */
  see(done: number): void {
    const at = this.#now();
    const last = this.#seen.at(-1);
    if (last && done < last.done) this.#seen.length = 0;
    this.#seen.push({ at, done });
    // the last before the window stays: it is where the window begins
    while ((this.#seen[1]?.at ?? Infinity) <= at - WINDOW_MILLISECONDS) this.#seen.shift();
  }

  /** null while too little is known */
  get bytesPerSecond(): number | null {
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (!first || !last) return null;
    const milliseconds = this.#now() - first.at;
    if (milliseconds < LEAST_MILLISECONDS) return null;
    return ((last.done - first.done) / milliseconds) * 1000;
  }

  secondsLeft(bytesLeft: number): number | null {
    const pace = this.bytesPerSecond;
    return pace === null || pace < 1 ? null : bytesLeft / pace;
  }
}
