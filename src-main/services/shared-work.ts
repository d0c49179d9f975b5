import { setTimeout } from 'node:timers/promises';

/** Work that whoever asks for the same while it runs has part in, instead of starting it again. */
export class SharedWork<T> {
  readonly #running = new Map<string, Promise<T>>();

  async run(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#running.get(key);
    if (known) return known;
    const running = work().finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }
}

/** Waits for work, but no longer than this; the work goes on. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const late = setTimeout(milliseconds, undefined, { ref: false, signal: patience.signal });
  await Promise.race([work, late.catch(() => undefined)]);
  patience.abort();
}
