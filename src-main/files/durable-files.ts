import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { platform } from 'node:os';
import { SnugError } from '../contract/errors.ts';
import { PRIVATE, type Modes } from './private-files.ts';
import { insist, insistMeanwhile } from './retry-refused.ts';
import { writeError } from './write-error.ts';

/** Removes a temporary file if it can; what went wrong before is what the person should hear of. */
export function discard(temporary: string): void {
  try {
    insist(() => rmSync(temporary, { force: true }));
  } catch {
    // below a regular file, or on a disk that has gone: there is nothing to remove
  }
}

/** Writes all of it at the file's position; a system may take only part at a time. */
export function writeWholly(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}

/** The same without holding up this thread, from `position` on; at the file's own position without one. */
export async function writeWhollyMeanwhile(
  file: FileHandle,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    done += (await file.write(bytes, done, bytes.length - done, at)).bytesWritten;
  }
}

/** Fills the bytes from the file's position; throws when the file ends before. */
export function readWholly(fd: number, bytes: Uint8Array, path: string): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(fd, bytes, done, bytes.length - done, null);
    if (read === 0)
      throw new SnugError('FILE', `${path} ended too early`, {
        advice: 'Delete it and try again.',
      });
    done += read;
  }
}

/** Makes what a file holds survive a power cut. */
export function syncFile(path: string): void {
  const fd = insist(() => openSync(path, 'r+'));
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The same without holding up this thread, for a large file beside other work. */
export async function syncFileMeanwhile(path: string): Promise<void> {
  const file = await insistMeanwhile(() => open(path, 'r+'));
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** File systems that cannot sync a folder, and folders that may be written to but not read. */
const CANNOT_SYNC = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EBADF', 'EACCES', 'EPERM'];

/** Makes what was made, renamed or removed in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  // Windows has no way to sync a folder; NTFS writes such changes to its journal, and soon to the disk
  if (platform() === 'win32') return;
  let fd: number | undefined;
  try {
    fd = insist(() => openSync(folder, 'r'));
    fsyncSync(fd);
  } catch (error) {
    if (!CANNOT_SYNC.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The highest folder that was made. Node's own way never comes back where a system says that a folder which is there is not. */
function makeAll(folder: string, mode: number): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const above = dirname(folder);
  const first = above === folder ? undefined : makeAll(above, mode);
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    // another process was faster
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
  return first ?? folder;
}

/** Makes a folder and those above it, so that they are there after a power cut too. */
export function makeFolder(folder: string, { folder: mode }: Modes = PRIVATE): void {
  const first = makeAll(resolve(folder), mode);
  if (first === undefined) return;
  const highest = dirname(resolve(first));
  for (let made = dirname(resolve(folder)); made.length >= highest.length; made = dirname(made)) {
    syncFolder(made);
    if (made === highest) break;
  }
}

/** Renames so that it is still done after a power cut; what lay at `to` is replaced. */
export function renameDurably(from: string, to: string): void {
  insist(() => renameSync(from, to));
  syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) syncFolder(dirname(from));
}

/** Removes a file, if it is there, so that it stays away after a power cut. */
export function removeDurably(path: string): void {
  insist(() => rmSync(path, { force: true }));
  syncFolder(dirname(path));
}

/** Puts a finished temporary file in its place, so that readers see the old file or the new one and never a part. */
export function publish(temporary: string, path: string): void {
  syncFile(temporary);
  renameDurably(temporary, path);
}

/** Writes a small file whole or not at all; for the person alone unless told otherwise. */
export function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  modes: Modes = PRIVATE,
): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(path), modes);
    // of a process that was killed and had our number; or a link, which must not be written through
    discard(temporary);
    insist(() => writeFileSync(temporary, content, { mode: modes.file, flag: 'wx' }));
    publish(temporary, path);
  } catch (error) {
    discard(temporary);
    throw writeError(error, path);
  }
}
