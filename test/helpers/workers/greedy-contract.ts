import { z } from 'zod';
import { defineMethod, defineWorker } from '../../../src-main/contract/workers/worker-contract.ts';

/** A worker whose job takes so many megabytes, of 100 that it may take. */
export const greedyContract = defineWorker('greedy', {
  take: defineMethod({ argument: z.number(), result: z.number() }),
  fail: defineMethod({ argument: z.undefined(), result: z.undefined() }),
});
