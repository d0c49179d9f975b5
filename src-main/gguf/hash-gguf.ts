import { createHash } from 'node:crypto';
import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import { chunksOf } from '../files/chunks.ts';
import { isSameStamp, openFileStamp } from '../files/file-stamp.ts';
import { changedMeanwhile, hashFile } from '../files/hash.ts';
import { openRegularFile, type RegularFile } from '../files/regular-file.ts';
import type { Gguf, GgufTensor } from './gguf.ts';
import { layOutGguf } from './writer.ts';

interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** in bytes */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * SHA-256 of a model in hex, whatever files it lies in: of one file as `sha256sum` says, of a split model of its parts joined again. That
 * is the hash of the file that llama-gguf-split made them from, so that both are one model.
 */
export async function hashGguf(gguf: Gguf, options: HashOptions = {}): Promise<string> {
  return gguf.files.length === 1 ? hashFile(gguf.path, options) : hashJoined(gguf, options);
}

async function hashJoined(gguf: Gguf, { signal, onProgress }: HashOptions): Promise<string> {
  const { header, offsets, totalBytes } = layOutGguf(
    [...gguf.metadata.values()],
    gguf.tensors,
    gguf.alignment,
  );
  using opened = new DisposableStack();
  const files = new Map(gguf.files.map(({ path }) => [path, opened.use(openRegularFile(path))]));
  const before = [...files.values()].map(({ fd }) => openFileStamp(fd));
  const hash = createHash('sha256').update(header);
  let done = header.length;
  const add = (chunk: Uint8Array) => {
    hash.update(chunk);
    done += chunk.length;
    onProgress?.(done, totalBytes);
  };
  for (const [i, tensor] of gguf.tensors.entries()) {
    for await (const chunk of weightsOf(tensor, files.get(tensor.path))) {
      throwIfCancelled(signal);
      add(chunk);
    }
    add(new Uint8Array((offsets[i + 1] ?? totalBytes) - done));
  }
  for (const [i, [path, { fd }]] of [...files].entries()) {
    const stamp = before[i];
    if (!stamp || !isSameStamp(openFileStamp(fd), stamp)) throw changedMeanwhile(path);
  }
  return hash.digest('hex');
}

async function* weightsOf({ name, path, offset, bytes }: GgufTensor, file: RegularFile | undefined) {
  if (!file) throw new TypeError(`${path} is no file of this model`);
  let read = 0;
  for await (const chunk of chunksOf(file, { start: offset, end: offset + bytes })) {
    read += chunk.length;
    yield chunk;
  }
  if (read < bytes)
    throw new SnugError('FILE', `${path} became shorter while ${name} was read from it`, {
      advice: 'Leave the model where it is meanwhile, and try again.',
    });
}
