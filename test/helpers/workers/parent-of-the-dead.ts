import { join } from 'node:path';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { startWorker } from '../../../src-main/engine/worker-client.ts';
import { answeringContract } from './answering-contract.ts';

/** Calls a worker that was killed a moment ago, before its end can have been noticed; prints how the calls ended. */
const worker = startWorker(answeringContract, join(import.meta.dirname, 'answering.ts'));
const pid = await worker.pid();
process.kill(pid, 'SIGKILL');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
const calls = await Promise.allSettled([1, 2, 3].map((value) => worker.double(value)));
const codes = calls.map((call) =>
  call.status === 'rejected' && call.reason instanceof SnugError ? call.reason.code : call.status,
);
process.stdout.write(`${codes.join(' ')}\n`);
