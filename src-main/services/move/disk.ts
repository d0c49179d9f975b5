import { open } from 'node:fs/promises';
import { throwIfCancelled } from '../../contract/errors.ts';
import { renameDurably, writeWhollyMeanwhile } from '../../files/durable-files.ts';
import { freeDiskBytes } from '../../files/disk.ts';

/** What a move asks of the system; tests put one in its place that fails half-way. */
export interface Disk {
  freeBytes(folder: string): number;
  rename(from: string, to: string): void;
  copy(
    from: string,
    to: string,
    options: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
  ): Promise<void>;
}

const PIECE_BYTES = 4 << 20;

export const realDisk: Disk = {
  freeBytes: freeDiskBytes,
  rename: renameDurably,
  async copy(from, to, { signal, onBytes }) {
    await using source = await open(from, 'r');
    const { atime, mtime, mode } = await source.stat();
    // as `mv` does: who may read it stays the same
    await using target = await open(to, 'w', mode & 0o777);
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      throwIfCancelled(signal);
      const { bytesRead } = await source.read(piece, 0, piece.length);
      if (bytesRead === 0) break;
      await writeWhollyMeanwhile(target, piece.subarray(0, bytesRead));
      onBytes(bytesRead);
    }
    // lists are sorted by it
    await target.utimes(atime, mtime);
    await target.sync();
  },
};
