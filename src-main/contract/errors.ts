import type { Remedy } from './remedies.ts';

/**
 * Errors as they cross a process: a stable `code` for programs, a message that says what happened and an `advice` that says
 * what the person can do next, in words of no door: what a door can do about it is a remedy. Cancelled is not failed: it has its own
 * code and callers treat it apart.
 */
export const ERROR_CODES = [
  'CANCELLED',
  'BAD_ARGUMENT',
  /** what was asked for by its id: a conversation, a message, a picture, a model, a fit */
  'NOT_FOUND',
  'NOT_GGUF',
  'BROKEN_GGUF',
  'UNSUPPORTED_MODEL',
  'WRONG_PAIR',
  'ALREADY_QUANTIZED',
  'MODEL_LOAD',
  'MMPROJ_LOAD',
  'BAD_PICTURE',
  'NO_CALIBRATION',
  'TOO_FEW_TOKENS',
  'DOES_NOT_FIT',
  'DISK_FULL',
  'CANNOT_WRITE',
  'FILE',
  'BUSY',
  'UNSUPPORTED_CPU',
  /** a part of Snug itself is missing or cannot be loaded */
  'NOT_INSTALLED',
  'OUT_OF_MEMORY',
  'CONTEXT_FULL',
  'CANNOT_SEE',
  'INCOHERENT',
  'CANNOT_START',
  'WORKER_DIED',
  /** something else took the model out of memory */
  'MODEL_UNLOADED',
  /** the hub cannot be reached; it may be later */
  'OFFLINE',
  /** a licence has to be accepted on the hub, by the person whose token is sent */
  'NEEDS_LICENCE',
  /** the hub does not know the token, or no longer */
  'TOKEN_REFUSED',
  'RATE_LIMITED',
  /** the file on the hub is not the one that was offered or begun */
  'CHANGED',
  'WRONG_HASH',
  /** the hub, or something that answers in its place, did what it should not */
  'HUB',
  /** the window cannot reach Snug; it goes on trying */
  'CONNECTION_LOST',
  /** Snug does not know this tab, and will not */
  'CONNECTION_REFUSED',
  'NATIVE',
  'BUG',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a person can do about a fault of Snug's own. */
export const REPORT_IT = 'Try again; if it happens again, report it with the text above.';

export interface ErrorData {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string | undefined;
  /** best first */
  readonly remedies?: readonly Remedy[] | undefined;
  /** the file that it is about, by the name that was given */
  readonly path?: string | undefined;
  readonly cause?: ErrorData | undefined;
}

/** What of an error is for the person. */
export type ErrorWords = Pick<ErrorData, 'message' | 'advice' | 'remedies'>;

export class SnugError extends Error {
  override readonly name: string = 'SnugError';
  readonly code: ErrorCode;
  readonly advice: string | undefined;
  readonly remedies: readonly Remedy[];
  readonly path: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      advice?: string | undefined;
      remedies?: readonly Remedy[] | undefined;
      path?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.advice = options.advice;
    this.remedies = options.remedies ?? [];
    this.path = options.path;
  }
}

export class CancelledError extends SnugError {
  override readonly name = 'CancelledError';

  constructor() {
    super('CANCELLED', 'cancelled');
  }
}

export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is SnugError {
  return error instanceof SnugError && codes.includes(error.code);
}

export function isCancelled(error: unknown): boolean {
  return hasCode(error, 'CANCELLED');
}

/** Any thrown value as data; what is not a SnugError is a bug of ours and says so. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof SnugError) {
    return {
      name: error.name,
      code: error.code,
      message: error.message,
      advice: error.advice,
      ...(error.remedies.length > 0 ? { remedies: error.remedies } : {}),
      ...(error.path === undefined ? {} : { path: error.path }),
      cause: error.cause === undefined ? undefined : toErrorData(error.cause),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { name: error instanceof Error ? error.name : 'Error', code: 'BUG', message };
}

export function fromErrorData(data: ErrorData): SnugError {
  if (data.code === 'CANCELLED') return new CancelledError();
  return new SnugError(data.code, data.message, {
    advice: data.advice,
    remedies: data.remedies,
    path: data.path,
    cause: data.cause === undefined ? undefined : fromErrorData(data.cause),
  });
}

/** Throws CancelledError once the signal is aborted; for loops of our own. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}
