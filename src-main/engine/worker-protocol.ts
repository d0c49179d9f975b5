import { z } from 'zod';
import { ERROR_CODES, type ErrorData } from '../contract/errors.ts';
import type { ReadOnly } from '../contract/read-only.ts';
import { remedySchema } from '../contract/remedies.ts';

/** What crosses between the main process and a worker process, both ways; arguments, events and results are checked by their contract. */

/** tells the calls of one worker apart */
const id = z.int().positive();

export const toWorkerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('call'), id, method: z.string(), argument: z.unknown() }),
  z.object({ kind: z.literal('cancel'), id }),
  z.object({ kind: z.literal('close') }),
]);
export type ToWorker = ReadOnly<z.infer<typeof toWorkerSchema>>;

const errorDataSchema: z.ZodType<ErrorData> = z.object({
  name: z.string(),
  code: z.enum(ERROR_CODES),
  message: z.string(),
  advice: z.string().optional(),
  remedies: z.array(remedySchema).optional(),
  path: z.string().optional(),
  cause: z.lazy(() => errorDataSchema.optional()),
});

export const fromWorkerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('alive') }),
  z.object({ kind: z.literal('event'), id, event: z.unknown() }),
  z.object({ kind: z.literal('result'), id, value: z.unknown() }),
  z.object({ kind: z.literal('error'), id, error: errorDataSchema }),
]);
export type FromWorker = ReadOnly<z.infer<typeof fromWorkerSchema>>;

/** A worker says that it lives this often; native work runs on other threads and does not hold it up. */
export const HEARTBEAT_MILLISECONDS = 2_000;
