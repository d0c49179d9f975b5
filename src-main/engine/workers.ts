import { chatContract, type ChatWorker } from '../contract/workers/chat.ts';
import { compressContract, type CompressWorker } from '../contract/workers/compress.ts';
import { hashContract, type HashWorker } from '../contract/workers/hash.ts';
import { pictureContract, type PictureWorker } from '../contract/workers/picture.ts';
import { readContract, type ReadWorker } from '../contract/workers/read.ts';
import { workerEntries } from '../worker-entries.ts';
import { startWorker } from './worker-client.ts';
import type { StartWorker } from './worker-port.ts';

/** Grace of a call that loads a model: the system may read a whole file before anything hears, and nothing is lost. */
export const LOAD_GRACE_MILLISECONDS = 1_000;

export function startCompressWorker(start?: StartWorker): CompressWorker {
  return startWorker(compressContract, workerEntries.compress, start);
}

export function startChatWorker(start?: StartWorker): ChatWorker {
  return startWorker(chatContract, workerEntries.chat, start);
}

export function startPictureWorker(start?: StartWorker): PictureWorker {
  return startWorker(pictureContract, workerEntries.picture, start);
}

export function startReadWorker(start?: StartWorker): ReadWorker {
  return startWorker(readContract, workerEntries.read, start);
}

export function startHashWorker(start?: StartWorker): HashWorker {
  return startWorker(hashContract, workerEntries.hash, start);
}
