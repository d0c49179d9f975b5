import { createHash } from 'node:crypto';
import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import { chunksOf } from './chunks.ts';
import { isSameStamp, openFileStamp, type FileStamp } from './file-stamp.ts';
import { openRegularFile } from './regular-file.ts';

interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * SHA-256 of a file in hex, with progress in bytes.
 * @throws SnugError FILE where it can't be read or changes meanwhile
 */
export async function hashFile(path: string, options: HashOptions = {}): Promise<string> {
  return (await hashStamped(path, options)).sha256;
}

/** The same, and what the file was before it was read. */
export async function hashStamped(
  path: string,
  options: HashOptions = {},
): Promise<{ sha256: string; stamp: FileStamp }> {
  using file = openRegularFile(path);
  const before = openFileStamp(file.fd);
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of chunksOf(file)) {
    throwIfCancelled(options.signal);
    hash.update(chunk);
    done += chunk.length;
    options.onProgress?.(done, before.bytes);
  }
  if (!isSameStamp(openFileStamp(file.fd), before)) throw changedMeanwhile(path);
  return { sha256: hash.digest('hex'), stamp: before };
}

/** A hash of what was there before and after a change is of neither. */
export function changedMeanwhile(path: string): SnugError {
  return new SnugError('FILE', `${path} changed while it was read`, {
    advice: 'Wait until the program that writes it is done, for example with its download, and try again.',
    path,
  });
}
