import { setTimeout as later } from 'node:timers/promises';
import { CancelledError } from '../contract/errors.ts';
import { PassingError } from './http-errors.ts';

export interface RetryPolicy {
  /** tries in a row without anything gained, the first included */
  readonly attempts: number;
  /** before the second try at most; twice as long before each further one, in milliseconds */
  readonly firstMilliseconds: number;
  readonly mostMilliseconds: number;
  /** the longest wait that another side may ask for: what asks for more is told to the person */
  readonly mostAskedMilliseconds: number;
}

/** Where a person waits for an answer of a moment. */
export const SHORT_PATIENCE: RetryPolicy = {
  attempts: 3,
  firstMilliseconds: 400,
  mostMilliseconds: 2000,
  mostAskedMilliseconds: 3000,
};

/** Where hours of a download are at stake: two minutes without network, and as long as a hub's window of counting is. */
export const LONG_PATIENCE: RetryPolicy = {
  attempts: 10,
  firstMilliseconds: 500,
  mostMilliseconds: 30_000,
  mostAskedMilliseconds: 600_000,
};

/** Milliseconds to wait after so many failures; undefined when it is not worth another try. */
export function waitAfter(error: unknown, failures: number, policy: RetryPolicy): number | undefined {
  if (!(error instanceof PassingError) || failures >= policy.attempts) return undefined;
  const asked = error.waitMilliseconds ?? 0;
  if (asked > policy.mostAskedMilliseconds) return undefined;
  const most = Math.min(policy.mostMilliseconds, policy.firstMilliseconds * 2 ** (failures - 1));
  // by chance, so that all who were cut off at once do not come back at once
  return asked + most * (0.5 + Math.random() / 2);
}

/** @throws SnugError CANCELLED */
export async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await later(milliseconds, undefined, signal ? { signal } : {});
  } catch {
    throw new CancelledError();
  }
}

/** Does what may fail for a while again, with longer and longer waits; throws the last error. */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      const wait = waitAfter(error, failures, policy);
      if (wait === undefined) throw error;
      await pauseFor(wait, signal);
    }
  }
}
