import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { startWorker } from '../../../src-main/engine/worker-client.ts';
import { answeringContract } from './answering-contract.ts';

/** Calls a worker while every descriptor is in use, and another once they are free; prints how the calls ended. */
const entry = join(import.meta.dirname, 'answering.ts');
const open: number[] = [];
try {
  for (;;) open.push(openSync(import.meta.filename, 'r'));
} catch {
  // now there are none left
}
const worker = startWorker(answeringContract, entry);
const refused = await worker.double(1).catch((error: unknown) => error);
await worker.close();
for (const descriptor of open) closeSync(descriptor);
await using other = startWorker(answeringContract, entry);
const answer = await other.double(2);
process.stdout.write(`${refused instanceof SnugError ? refused.code : String(refused)}, then ${answer}\n`);
