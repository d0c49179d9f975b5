import { platform } from 'node:os';
import { setTimeout as later } from 'node:timers/promises';

/** Waits between attempts, in milliseconds: about a second in all. */
const WAITS = [10, 20, 40, 80, 160, 320, 640];

/** Holds up this thread. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Whether a refusal may pass by itself: on Windows a virus scanner holds on to a new file for a moment. */
export function mayPass(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    code === 'EBUSY' ||
    code === 'ETXTBSY' ||
    (platform() === 'win32' && (code === 'EPERM' || code === 'EACCES'))
  );
}

/** A file that is only to be read: one that may not be is refused as well, and for good. */
export function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EBUSY';
}

/** Does what the system may refuse for a moment again, for about a second. */
export function insist<Result>(work: () => Result, passes = mayPass): Result {
  for (const wait of WAITS) {
    try {
      return work();
    } catch (error) {
      if (!passes(error)) throw error;
      pause(wait);
    }
  }
  return work();
}

/** The same without holding up this thread. */
export async function insistMeanwhile<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const wait of WAITS) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error)) throw error;
      await later(wait);
    }
  }
  return work();
}
