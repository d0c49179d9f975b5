import { join } from 'node:path';
import { WorkerProcess } from '../../../src-main/engine/worker-process.ts';

/** Starts a worker, prints its process id and waits to be killed. */
const worker = new WorkerProcess(join(import.meta.dirname, 'answering.ts'));
process.stdout.write(`${await worker.call<number>('pid', undefined)}\n`);
await worker.call('untilCancelled', undefined);
