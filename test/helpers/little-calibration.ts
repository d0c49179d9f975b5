import { compressContract } from '../../src-main/contract/workers/compress.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { ToWorker } from '../../src-main/engine/worker-protocol.ts';

/** An eighth of the tokens that a person's fit calibrates with: where a test is about the app, what it says of a model need not be sure. */
const LITTLE = { calibrationTokens: 4000, clusters: 50 } as const satisfies Partial<FitRequest>;

/** What a process is told, with little to calibrate where it is to fit, or to say beforehand what a fit would come to. */
export function withLittleCalibration(message: ToWorker): ToWorker {
  if (message.kind !== 'call') return message;
  const { fit, preview } = compressContract.methods;
  if (message.method === 'fit')
    return { ...message, argument: { ...fit.argument.parse(message.argument), ...LITTLE } };
  if (message.method !== 'preview') return message;
  const { request, ...others } = preview.argument.parse(message.argument);
  return { ...message, argument: { ...others, request: { ...request, ...LITTLE } } };
}
