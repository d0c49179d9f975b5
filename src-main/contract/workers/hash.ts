import { z } from 'zod';
import { defineMethod, defineWorker, type WorkerClient } from './worker-contract.ts';

const stamp = z.object({ bytes: z.number(), modified: z.number(), inode: z.string() });

/** The process that reads whole model files, some of tens of gigabytes. */
export const hashContract = defineWorker('hash', {
  /** A file's SHA-256 in hex, and what the file was before it was read; throws FILE where it changes meanwhile. */
  hash: defineMethod({
    argument: z.object({ path: z.string() }),
    result: z.object({ sha256: z.string(), stamp }),
    event: z.object({ done: z.number(), total: z.number() }),
    reads: ({ path }) => [path],
  }),
  /**
   * The same beside other work: reads so many more bytes of a file, whose SHA-256 is there at its end; `begins` starts anew. A process that
   * was asked so gives way to all others.
   */
  step: defineMethod({
    argument: z.object({ path: z.string(), bytes: z.int().positive(), begins: z.boolean() }),
    result: z.object({ sha256: z.string().nullable(), stamp }),
    reads: ({ path }) => [path],
  }),
});
export type HashWorker = WorkerClient<typeof hashContract>;
