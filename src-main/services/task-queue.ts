import { CancelledError, SnugError, throwIfCancelled } from '../contract/errors.ts';

/** Enough for every window of a person, few enough for one that asks without an end. */
const MOST_WAITING = 32;

/** Tasks one at a time, in the order they came. */
export class TaskQueue {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Runs a task when its turn has come. One whose signal is aborted before that leaves the queue as cancelled. */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfCancelled(signal);
    if (this.#waiting >= MOST_WAITING) {
      throw new SnugError('BUSY', 'Snug has too much to do at once', {
        advice: 'Wait a little, then try again.',
      });
    }
    const before = this.#last;
    const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
    // who leaves the queue early must not let the next one in before the one ahead has ended
    this.#last = before.then(() => ended);
    this.#waiting++;
    try {
      await unlessAborted(before, signal).finally(() => this.#waiting--);
      return await task();
    } finally {
      end(undefined);
    }
  }
}

async function unlessAborted(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return turn;
  return new Promise((resolve, reject) => {
    const leave = () => reject(new CancelledError());
    signal.addEventListener('abort', leave, { once: true });
    void turn.then(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    });
  });
}
