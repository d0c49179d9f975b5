import { createHash } from 'node:crypto';
import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import { chunksOf } from './chunks.ts';
import { isSameStamp, openFileStamp } from './file-stamp.ts';
import { openRegularFile } from './regular-file.ts';

/**
 * SHA-256 of a file in hex, with progress in bytes.
 * @throws SnugError FILE where it can't be read or changes meanwhile
 */
export async function hashFile(
  path: string,
  options: {
    signal?: AbortSignal | undefined;
    onProgress?: ((done: number, total: number) => void) | undefined;
  } = {},
): Promise<string> {
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
  return hash.digest('hex');
}

function changedMeanwhile(path: string): SnugError {
  return new SnugError('FILE', `${path} changed while it was read`, {
    advice: 'Wait until the program that writes it is done, for example with its download, and try again.',
    path,
  });
}
