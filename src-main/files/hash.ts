import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import { isSameStamp, openFileStamp } from './file-stamp.ts';
import { openRegularFile } from './regular-file.ts';

const readMeanwhile = promisify(read);
const PIECE_BYTES = 1 << 20;

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
  // a stream over this descriptor would close it as well when it ends early: by then it may be another file's
  using file = openRegularFile(path);
  const before = openFileStamp(file.fd);
  const hash = createHash('sha256');
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let done = 0; ;) {
    const { bytesRead } = await readMeanwhile(file.fd, piece, 0, piece.length, null);
    if (bytesRead === 0) break;
    throwIfCancelled(options.signal);
    hash.update(piece.subarray(0, bytesRead));
    done += bytesRead;
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
