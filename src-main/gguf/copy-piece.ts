import type { FileHandle } from 'node:fs/promises';
import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import { chunksOf } from '../files/chunks.ts';
import { writeWhollyMeanwhile } from '../files/durable-files.ts';
import { openRegularFile } from '../files/regular-file.ts';

/** A tensor's bytes in a file. */
export interface Piece {
  readonly name: string;
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Copies a piece to an offset of another file. @throws SnugError FILE where it ends too early, CANCELLED */
export async function copyPiece(
  file: FileHandle,
  { name, path, offset, bytes }: Piece,
  to: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  using from = openRegularFile(path);
  let at = to;
  for await (const chunk of chunksOf(from, { start: offset, end: offset + bytes })) {
    throwIfCancelled(signal);
    await writeWhollyMeanwhile(file, chunk, at);
    at += chunk.length;
  }
  if (at !== to + bytes) {
    throw new SnugError('FILE', `${name} ended too early: ${path} became shorter meanwhile`, {
      advice: 'Leave the source where it is while a fit runs, and try again.',
    });
  }
}
