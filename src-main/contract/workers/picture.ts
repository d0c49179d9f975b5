import { z } from 'zod';
import { binarySchema } from '../binary.ts';
import type { ReadOnly } from '../read-only.ts';
import { documentPagesSchema } from '../conversation.ts';
import { defineMethod, defineWorker, type WorkerClient } from './worker-contract.ts';

const prepareSchema = z.object({
  bytes: binarySchema,
  name: z.string(),
  /** of a document, from 1 */
  page: z.number().optional(),
});
export type PrepareRequest = ReadOnly<z.infer<typeof prepareSchema>>;

/** A picture as conversations keep it. */
const preparedSchema = z.object({
  /** pixels, upright */
  width: z.number(),
  height: z.number(),
  /** undefined: as it came, for browsers show the same of it as the model sees */
  converted: binarySchema.optional(),
  /** what the person should know: only the first frame was used, … */
  notes: z.array(z.string()),
});
export type PreparedPicture = ReadOnly<z.infer<typeof preparedSchema>>;

const pagesSchema = z.object({
  bytes: binarySchema,
  name: z.string(),
  /** from 1 */
  first: z.number(),
  count: z.number(),
});
export type PagesRequest = ReadOnly<z.infer<typeof pagesSchema>>;

/** The process that decodes what strangers made, so that a decoder that breaks or takes all memory ends nothing else. */
export const pictureContract = defineWorker('picture', {
  /** Answers once the decoders are loaded. */
  ready: defineMethod({ argument: z.undefined(), result: z.void() }),
  /** A picture as it is to be kept, after it was decoded; throws BAD_PICTURE. */
  prepare: defineMethod({ argument: prepareSchema, result: preparedSchema }),
  /** What a document's pages look like; throws BAD_PICTURE. */
  pages: defineMethod({ argument: pagesSchema, result: documentPagesSchema }),
});
export type PictureWorker = WorkerClient<typeof pictureContract>;
