import { constants } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { throwIfCancelled } from '../../contract/errors.ts';
import { renameDurably, writeWhollyMeanwhile } from '../../files/durable-files.ts';
import { freeDiskBytes } from '../../files/disk.ts';

/** What moving and copying models ask of the system; tests put one in its place that fails half-way. */
export interface Disk {
  freeBytes(folder: string): number;
  rename(from: string, to: string): void;
  /** A copy that shares the bytes on disk and takes no time; false where the disk can't, and nothing is left then. */
  clone(from: string, to: string): Promise<boolean>;
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
  async clone(from, to) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
      return true;
    } catch {
      await rm(to, { force: true });
      return false;
    }
  },
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
