import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { RegularFile } from './regular-file.ts';

const CHUNK_BYTES = 1 << 20;
const readInto = promisify(read);

/**
 * What lies in a file from `start` to before `end`, in chunks that are valid until the next one; less where the file ends earlier. The next
 * chunk is read meanwhile. The file stays open, also when its reader stops half-way: a stream would close what it was lent.
 */
export async function* chunksOf(
  file: RegularFile,
  { start = 0, end = file.bytes }: { readonly start?: number; readonly end?: number } = {},
): AsyncGenerator<Uint8Array> {
  const chunkBytes = Math.max(1, Math.min(CHUNK_BYTES, end - start));
  let [current, next] = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)];
  const fill = async (buffer: Uint8Array, at: number) =>
    (await readInto(file.fd, buffer, 0, Math.min(chunkBytes, end - at), at)).bytesRead;
  let at = start;
  let reading = fill(next, at);
  try {
    for (;;) {
      const bytes = await reading;
      if (bytes === 0) return;
      at += bytes;
      [current, next] = [next, current];
      reading = fill(next, at);
      yield current.subarray(0, bytes);
    }
  } finally {
    // nothing may read any more when the file is closed
    await reading.catch(() => 0);
  }
}
