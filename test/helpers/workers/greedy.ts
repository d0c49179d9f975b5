import { setTimeout as pause } from 'node:timers/promises';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { withinMemory } from '../../../src-main/engine/memory-limit.ts';
import { serveWorker } from '../../../src-main/engine/worker-child.ts';
import { greedyContract } from './greedy-contract.ts';

const held: Buffer[] = [];

async function take(megabytes: number): Promise<number> {
  for (let taken = 0; taken < megabytes; taken += 10) {
    held.push(Buffer.alloc(10e6, 1));
    await pause(10);
  }
  return megabytes;
}

serveWorker(greedyContract, {
  take: (megabytes) =>
    withinMemory(
      100e6,
      () => take(megabytes),
      () => new SnugError('BAD_PICTURE', 'it takes too much memory'),
    ),
  fail: () => withinMemory(100e6, () => Promise.reject(new SnugError('FILE', 'its own error')), Error),
});
