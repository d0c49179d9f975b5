import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { wholeBytes } from '../contract/bytes.ts';

/** Free bytes on the disk that holds a folder, also when the folder does not exist yet. */
export function freeDiskBytes(folder: string): number {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return wholeBytes(bavail * bsize);
}
