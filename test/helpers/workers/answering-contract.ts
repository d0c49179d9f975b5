import { z } from 'zod';
import { defineMethod, defineWorker } from '../../../src-main/contract/workers/worker-contract.ts';

const nothing = z.undefined();
const started = z.literal('started');

/** A worker whose methods do what a test needs of them. */
export const answeringContract = defineWorker('answering', {
  double: defineMethod({ argument: z.number(), result: z.number() }),
  echo: defineMethod({ argument: z.unknown(), result: z.unknown() }),
  pid: defineMethod({ argument: nothing, result: z.number() }),
  /** tells the numbers up to the one given */
  count: defineMethod({ argument: z.number(), result: z.string(), event: z.number() }),
  fail: defineMethod({ argument: nothing, result: nothing }),
  breakDown: defineMethod({ argument: nothing, result: nothing }),
  unsendable: defineMethod({ argument: nothing, result: z.unknown() }),
  untilCancelled: defineMethod({ argument: z.unknown(), result: nothing, event: started }),
  deaf: defineMethod({ argument: nothing, result: nothing, event: started }),
  afterCancelled: defineMethod({ argument: z.unknown(), result: z.string(), event: started }),
  exit: defineMethod({ argument: z.number(), result: nothing }),
  kill: defineMethod({ argument: z.string(), result: nothing }),
  abort: defineMethod({ argument: z.string(), result: nothing }),
});
