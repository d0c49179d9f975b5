import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { platform } from 'node:os';
import { SnugError } from '../contract/errors.ts';

/** Says in plain words why the system refused to write, as a SnugError. */
export function writeError(error: unknown, path: string): SnugError {
  if (error instanceof SnugError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SnugError('DISK_FULL', `the disk is full: ${path} could not be written`, {
      advice: 'Free some space and run the same command again; it goes on where it stopped.',
      cause: error,
    });
  }
  const reasons: Record<string, string> = {
    EACCES: 'permission was denied',
    EPERM: 'permission was denied',
    EROFS: 'the disk is read-only',
    ENOENT: 'its folder does not exist',
    ENOTDIR: 'part of its path is a file',
    // what making a folder says where a file of that name is
    EEXIST: 'part of its path is a file',
    EISDIR: 'it is a folder',
  };
  const reason = (code !== undefined ? reasons[code] : undefined) ?? (error as Error).message;
  return new SnugError('CANNOT_WRITE', `${path} cannot be written: ${reason}`, {
    advice: 'Choose another place with --output, or another folder for Snug with SNUG_HOME.',
    cause: error,
  });
}

/** Removes a temporary file if it can; what went wrong before is what the person should hear of. */
export function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
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
        advice: 'Delete it and run the same command again.',
      });
    done += read;
  }
}

/** Makes what a file holds survive a power cut. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The same without holding up this thread, for a large file beside other work. */
export async function syncFileMeanwhile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function syncFolder(folder: string): void {
  // Windows has no way to sync a folder; its rename is journaled
  if (platform() === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts a finished temporary file in its place, so that readers see the old file or the new one and never a part. */
export function publish(temporary: string, path: string): void {
  syncFile(temporary);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Writes a small file whole or not at all. */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content);
    publish(temporary, path);
  } catch (error) {
    discard(temporary);
    throw writeError(error, path);
  }
}
