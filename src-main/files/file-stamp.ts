import { fstatSync, type Stats } from 'node:fs';
import { statsOf } from './stats.ts';

/** What a file was when it was looked at. As long as none of it changes, its content is taken to be the same. */
export interface FileStamp {
  readonly bytes: number;
  /** milliseconds since 1970, as the system says it */
  readonly modified: number;
  readonly inode: string;
}

/** undefined where there is no such file. */
export function fileStamp(path: string): FileStamp | undefined {
  const found = statsOf(path);
  return found && stampOf(found);
}

/** The same of an open file. */
export function openFileStamp(fd: number): FileStamp {
  return stampOf(fstatSync(fd));
}

function stampOf({ size, mtimeMs, ino }: Stats): FileStamp {
  return { bytes: size, modified: mtimeMs, inode: String(ino) };
}

export function isSameStamp(one: FileStamp, other: FileStamp): boolean {
  return one.bytes === other.bytes && one.modified === other.modified && one.inode === other.inode;
}
