import { existsSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** What all tests of one run that write small files hold at a time, and room to spare. */
const NEEDED_BYTES = 2 ** 31;

function hasRoom(): boolean {
  if (process.platform !== 'linux' || !existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= NEEDED_BYTES;
}

/**
 * Where tests of small files write, in memory: half the time of those of the store was waiting for a disk to keep what the next line
 * deletes. Undefined where a system has no such place, or too little of it.
 */
export const memoryFolder = hasRoom() ? join(MEMORY, `snug-tests-${process.pid}`) : undefined;

/** Makes it before the tests and removes it after them. */
export default function makeMemoryFolder(): (() => void) | undefined {
  const folder = memoryFolder;
  if (folder === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  return () => rmSync(folder, { recursive: true, force: true });
}
