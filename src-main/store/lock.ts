import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { makeFolder } from '../files/durable-files.ts';
import { writeError, type WritingAdvice } from '../files/write-error.ts';
import { lockFile } from './file-lock.ts';

/** A lock that passes is waited for: another Snug that is just ending, a look at the file by another program. */
const LOCK_MILLISECONDS = 1000;

/** The number of the process that holds a lock, as far as it is told. */
function holderOf(path: string): string {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? ` (process ${pid})` : '';
  } catch {
    // it let go of it meanwhile
    return '';
  }
}

/**
 * Takes a lock file for the life of this process, however it ends, or until disposed.
 * @throws SnugError BUSY when another running process holds it, DISK_FULL or CANNOT_WRITE with the advice where it cannot be made
 */
export function takeLock(path: string, busyWith: string, advice?: WritingAdvice): Disposable {
  let lock: Disposable | undefined;
  try {
    makeFolder(dirname(path));
    lock = lockFile(path, LOCK_MILLISECONDS);
  } catch (error) {
    throw writeError(error, path, advice);
  }
  if (lock) return lock;
  throw new SnugError('BUSY', `another Snug${holderOf(path)} is already ${busyWith}`, {
    advice: 'Wait for it to finish, or stop it; what it has done is kept.',
  });
}
