import { compressContract } from '../../src-main/contract/workers/compress.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { ToWorker } from '../../src-main/engine/worker-protocol.ts';

/** A sixteenth of a person's tokens to calibrate with: where a test is about the app, what it says of a model need not be sure. */
const LITTLE = { calibrationTokens: 2000, clusters: 10 } as const satisfies Partial<FitRequest>;

/** The paper’s plan without IQ1, whose tables take each process ten seconds to build: for tests that are not about file types. */
export const WITHOUT_TABLES = {
  rungs: { high: 'Q4_K_M', low: 'Q2_K' },
} as const satisfies Partial<FitRequest>;

/** … and a best plan by what is known of tensors beforehand: its trials build the tables of every type. */
export const WITHOUT_TRIALS = { ...WITHOUT_TABLES, trials: 0 } as const satisfies Partial<FitRequest>;

/** What a process is told, with little to calibrate where it is to fit, or to say beforehand what a fit would come to. */
export function withLittleCalibration(message: ToWorker, others: Partial<FitRequest> = {}): ToWorker {
  if (message.kind !== 'call') return message;
  const { fit, preview } = compressContract.methods;
  const little = { ...LITTLE, ...others };
  if (message.method === 'fit')
    return { ...message, argument: { ...fit.argument.parse(message.argument), ...little } };
  if (message.method !== 'preview') return message;
  const { request, ...rest } = preview.argument.parse(message.argument);
  return { ...message, argument: { ...rest, request: { ...request, ...little } } };
}
