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
export type Call = z.infer<typeof callSchema>;

export type Reply =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: ErrorData };

export type FromMain = ({ readonly kind: 'reply' } & Reply) | ({ readonly kind: 'event' } & ApiEvent);

/** Where a picture's bytes are sent (POST) and shown from (GET, followed by its hash). */
export const PICTURES_PATH = '/pictures/';
/** Bytes a dropped picture may have. */
export const MOST_PICTURE_BYTES = 64 * 2 ** 20;
