import { join } from 'node:path';
import { startWorker } from '../../../src-main/engine/worker-client.ts';
import { answeringContract } from './answering-contract.ts';

/** Starts a worker, prints its process id and waits to be killed. */
const worker = startWorker(answeringContract, join(import.meta.dirname, 'answering.ts'));
process.stdout.write(`${await worker.pid()}\n`);
await worker.untilCancelled(undefined);
