import { nativeError } from './native-errors.ts';
import type { AbortFlag, Addon } from './native-types.ts';

/**
 * What the addon answers.
 * @throws SnugError for what it rejects with, with a code of the contract
 */
export async function callNative<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw nativeError(error);
  }
}

/**
 * Runs a call with an abort flag that follows a signal as long as the call runs.
 * @throws SnugError as callNative does; CANCELLED once the signal is aborted
 */
export async function withAbort<T>(
  addon: Addon,
  signal: AbortSignal | undefined,
  call: (abort: AbortFlag) => Promise<T>,
): Promise<T> {
  const flag = new addon.AbortFlag();
  const stop = () => flag.set();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await callNative(call(flag));
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
