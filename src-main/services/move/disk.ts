import { renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { throwIfCancelled } from '../../contract/errors.ts';
import { writeWhollyMeanwhile } from '../../luq/files.ts';
import { freeDiskBytes } from '../../profile/laptop.ts';

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
  rename: renameSync,
  async copy(from, to, { signal, onBytes }) {
    await using source = await open(from, 'r');
    await using target = await open(to, 'w');
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      throwIfCancelled(signal);
      const { bytesRead } = await source.read(piece, 0, piece.length);
      if (bytesRead === 0) break;
      await writeWhollyMeanwhile(target, piece.subarray(0, bytesRead));
      onBytes(bytesRead);
    }
    // lists are sorted by it
    const { atime, mtime } = await source.stat();
    await target.utimes(atime, mtime);
    await target.sync();
  },
};
