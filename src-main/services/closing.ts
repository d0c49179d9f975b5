import { setTimeout as pause } from 'node:timers/promises';
import type { RunningWorkers } from '../engine/running-workers.ts';

/** What runs has so long to come to an orderly end; then its processes are killed, and it has a moment to see that. */
const CLOSE_MILLISECONDS = 3_000;
const KILLED_MILLISECONDS = 1_000;

/** Something that works with processes and ends them in order. */
export interface WorkingPart {
  close(): Promise<void>;
}

/** Parts that work with processes. They close side by side; a process that does not hear that it should end is killed. */
export class WorkingParts implements AsyncDisposable {
  readonly #workers: Pick<RunningWorkers, 'kill'>;
  readonly #parts: WorkingPart[] = [];

  constructor(workers: Pick<RunningWorkers, 'kill'>) {
    this.#workers = workers;
  }

  use<Part extends WorkingPart>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  /** Ends within a few seconds; throws what parts threw, once all of them were told to close. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    const close = async (part: WorkingPart) => {
      try {
        await part.close();
      } catch (error) {
        errors.push(error);
      }
    };
    const ended = Promise.all(this.#parts.map(close));
    await atMost(CLOSE_MILLISECONDS, ended);
    // what did not hear that it should end, and what nobody waits for any more
    this.#workers.kill();
    await atMost(KILLED_MILLISECONDS, ended);
    if (errors.length > 0) throw joined(errors);
  }
}

/** Waits for work, and no longer than this. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const late = pause(milliseconds, undefined, { ref: false, signal: over.signal }).catch(() => undefined);
  await Promise.race([work, late]);
  over.abort();
}

/** All that went wrong, in the order it did: an opening that failed, then what failed to close after it. */
export function errorsIn(error: unknown): readonly unknown[] {
  if (error instanceof SuppressedError) return [...errorsIn(error.suppressed), ...errorsIn(error.error)];
  if (error instanceof AggregateError) return error.errors.flatMap(errorsIn);
  return [error];
}

/** One error that says all that several say. */
export function joined(errors: readonly unknown[]): unknown {
  if (errors.length === 1) return errors[0];
  const words = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  return new AggregateError(errors, words.join('; '));
}
