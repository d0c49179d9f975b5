import { z } from 'zod';
import type { ErrorData } from './errors.ts';
import type { ApiEvent } from './api.ts';

/** What crosses between a window and the main process, over IPC or a WebSocket. */

export const callSchema = z.strictObject({
  id: z.int().nonnegative(),
  service: z.string().max(32),
  method: z.string().max(32),
  argument: z.unknown(),
});

export type Reply =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: ErrorData };

export type FromMain = ({ readonly kind: 'reply' } & Reply) | ({ readonly kind: 'event' } & ApiEvent);

/** Where calls and events go over a WebSocket, and the protocol that its client names first; second is the session's bearer. */
export const SOCKET_PATH = '/api';
export const SOCKET_PROTOCOL = 'snug';
/** Bytes a message of a window may have: more than the largest argument that the contract allows takes as JSON. */
export const MOST_MESSAGE_BYTES = 8 * 2 ** 20;

/** Where a browser's tab gets its session (POST, with the token of the address) and asks whether it still holds (GET). */
export const SESSION_PATH = '/session';
export interface Session {
  /** goes with every request that asks or changes something, and opens the WebSocket */
  readonly bearer: string;
  /** stands in the addresses of pictures and does nothing but show them */
  readonly pictures: string;
}

/** Where a picture's bytes are sent (POST) and shown from (GET, followed by its hash). */
export const PICTURES_PATH = '/pictures/';
/** Where a document's bytes are sent (POST) to see its pages. */
export const PAGES_PATH = '/pages/';
/** Bytes a dropped picture may have, and letters of its name. */
export const MOST_PICTURE_BYTES = 64 * 2 ** 20;
export const MOST_PICTURE_NAME = 255;
