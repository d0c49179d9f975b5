import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { isSameStamp, openFileStamp, type FileStamp } from './file-stamp.ts';
import { changedMeanwhile } from './hash.ts';
import { openRegularFile, type RegularFile } from './regular-file.ts';

const PIECE_BYTES = 1 << 20;

/** The SHA-256 of a file, worked out in steps between which anything may happen but a change of the file. */
export class SteppedHash implements Disposable {
  readonly path: string;
  /** of the file as it was opened */
  readonly stamp: FileStamp;
  readonly #file: RegularFile;
  readonly #hash = createHash('sha256');
  readonly #piece = Buffer.alloc(PIECE_BYTES);

  /** @throws SnugError FILE where it can't be read */
  constructor(path: string) {
    this.path = path;
    this.#file = openRegularFile(path);
    this.stamp = openFileStamp(this.#file.fd);
  }

  /**
   * Reads so many more bytes; the hash once the end was reached, after which there is no further step, else null.
   * @throws SnugError FILE where it can't be read or was changed
   */
  step(bytes: number): string | null {
    const { fd } = this.#file;
    for (let left = bytes; left > 0;) {
      const read = readSync(fd, this.#piece, 0, Math.min(PIECE_BYTES, left), null);
      if (read === 0) {
        if (!isSameStamp(openFileStamp(fd), this.stamp)) throw changedMeanwhile(this.path);
        return this.#hash.digest('hex');
      }
      this.#hash.update(this.#piece.subarray(0, read));
      left -= read;
    }
    return null;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
