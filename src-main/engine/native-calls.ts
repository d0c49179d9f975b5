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
 * What a call of the addon that does not wait returns.
 * @throws SnugError for what it throws, with a code of the contract
 */
export function tryNative<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw nativeError(error);
  }
}

/** An evaluator or a chat in use. */
interface InUse<T> extends Disposable {
  readonly native: T;
}

/**
 * Makes an evaluator or a chat that a signal aborts, and that is closed when this is disposed.
 * @throws SnugError as tryNative does: OUT_OF_MEMORY where its context finds no room
 */
export function useNative<T extends { abort(): void; close(): void }>(
  make: () => T,
  signal?: AbortSignal,
): InUse<T> {
  const native = tryNative(make);
  const stop = () => native.abort();
  signal?.addEventListener('abort', stop, { once: true });
  return {
    native,
    [Symbol.dispose]: () => {
      signal?.removeEventListener('abort', stop);
      native.close();
    },
  };
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
