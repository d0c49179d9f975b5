import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { throwIfCancelled } from '../contract/errors.ts';
import { openRegularFile } from './regular-file.ts';

/** SHA-256 of a file in hex, with progress in bytes. */
export async function hashFile(
  path: string,
  options: {
    signal?: AbortSignal | undefined;
    onProgress?: ((done: number, total: number) => void) | undefined;
  } = {},
): Promise<string> {
  using file = openRegularFile(path);
  const size = file.bytes;
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(path, {
    fd: file.fd,
    autoClose: false,
    start: 0,
    highWaterMark: 1 << 20,
  })) {
    throwIfCancelled(options.signal);
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    options.onProgress?.(done, size);
  }
  return hash.digest('hex');
}
