import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { HashedFile, HashReport, HashTask } from './following-hash.ts';
import { putBack } from './withheld.ts';

// The thread that hashes a file while it is written: a quarter of an hour of work for a large model, which would hold up the process
// that all windows talk to.

const PIECE_BYTES = 2 ** 20;
const REPORTED_BYTES = 16 * 2 ** 20;

const { path, isPartial } = workerData as HashedFile;
const fd = openSync(path, 'r');
const hash = createHash('sha256');
const piece = Buffer.alloc(PIECE_BYTES);
let hashed = 0;

parentPort?.on('message', (task: HashTask) => {
  if (task === 'end') {
    closeSync(fd);
    report({ sha256: hash.digest('hex') });
    parentPort?.close();
    return;
  }
  while (hashed < task.upTo) {
    const read = readSync(fd, piece, 0, Math.min(PIECE_BYTES, task.upTo - hashed), hashed);
    if (read === 0) throw new Error('the file is shorter than what was written to it');
    if (hashed === 0 && isPartial) putBack(piece.subarray(0, read));
    hash.update(piece.subarray(0, read));
    hashed += read;
    if (hashed % REPORTED_BYTES < read || hashed === task.upTo) report({ hashed });
  }
});

function report(told: HashReport): void {
  parentPort?.postMessage(told);
}
