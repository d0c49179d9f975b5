import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { wholeBytes } from '../contract/bytes.ts';
import { ownStatsOf } from './stats.ts';

/** Free bytes on the disk that holds a folder, also when the folder does not exist yet. */
export function freeDiskBytes(folder: string): number {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return wholeBytes(bavail * bsize);
}

/** What a block of `Stats.blocks` has, on every system. */
const BLOCK_BYTES = 512;

/**
 * Bytes of its disk that a file takes, 0 where there is none. Of one that has holes they are fewer than its size; a disk that knows no
 * holes gives it all of its size as soon as it has it.
 */
export function takenDiskBytes(path: string): number {
  return (ownStatsOf(path)?.blocks ?? 0) * BLOCK_BYTES;
}
