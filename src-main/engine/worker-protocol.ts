import type { ErrorData } from '../contract/errors.ts';

/** What crosses between the main process and a worker process, both ways. */
export type ToWorker =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'alive' }
  | { readonly kind: 'event'; readonly id: number; readonly event: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorData };

/** A worker says that it lives this often; native work runs on other threads and does not hold it up. */
export const HEARTBEAT_MILLISECONDS = 2_000;
