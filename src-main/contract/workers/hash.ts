import { z } from 'zod';
import { defineMethod, defineWorker, type WorkerClient } from './worker-contract.ts';

/** The process that reads whole model files, some of tens of gigabytes. */
export const hashContract = defineWorker('hash', {
  /** A file's SHA-256 in hex, and what the file was before it was read; throws FILE where it changes meanwhile. */
  hash: defineMethod({
    argument: z.object({ path: z.string() }),
    result: z.object({
      sha256: z.string(),
      stamp: z.object({ bytes: z.number(), modified: z.number(), inode: z.string() }),
    }),
    event: z.object({ done: z.number(), total: z.number() }),
    reads: ({ path }) => [path],
  }),
});
export type HashWorker = WorkerClient<typeof hashContract>;
