import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  discard,
  removeDurably,
  renameDurably,
  syncFolder,
  writeWhollyMeanwhile,
} from '../files/durable-files.ts';
import type { Modes } from '../files/private-files.ts';
import { insistMeanwhile } from '../files/retry-refused.ts';
import { ownStatsOf } from '../files/stats.ts';
import { ByteRanges } from './byte-ranges.ts';
import { Journal, readJournal, type PartIdentity } from './journal.ts';
import { putBack, withheld } from './withheld.ts';

/** The most bytes that are written and not yet noted as done: what a kill or a power cut costs at most, of all connections together. */
export const CHUNK_BYTES = 8 * 2 ** 20;
/** One such amount is being synced while the next gathers; what connections write meanwhile has room in the rest. */
const SYNCED_AT_BYTES = 3 * 2 ** 20;
/** More than is ever withheld of a file. */
const BEGINNING_BYTES = 16;

/** No end of a model's name, so no partial file is taken for one. */
export const partPath = (to: string): string => `${to}.part`;
export const journalPath = (to: string): string => `${to}.part.journal`;

/** Removes what there is of a file that was begun. */
export function removePart(to: string): void {
  removeDurably(journalPath(to));
  removeDurably(partPath(to));
}

interface Opened {
  readonly to: string;
  readonly file: FileHandle;
  readonly journal: Journal;
  readonly done: ByteRanges;
}

/** A file that is being downloaded, beside its final name, and the journal of what of it is on the disk. */
export class PartFile implements AsyncDisposable {
  /** whether a file that was begun had other content, which is gone now */
  readonly hadChanged: boolean;
  /** with what is written and not yet synced */
  readonly written: ByteRanges;
  readonly #opened: Opened;
  #pending = new ByteRanges();
  #syncing: Promise<void> | undefined;
  #failed: { readonly reason: unknown } | undefined;
  #closed: Promise<void> | undefined;

  private constructor(opened: Opened, hadChanged: boolean) {
    this.#opened = opened;
    this.hadChanged = hadChanged;
    this.written = new ByteRanges(opened.done.ranges);
  }

  /** Goes on with what there is of this content, or begins. Its size is that of the whole file at once. */
  static async open(to: string, identity: PartIdentity, modes: Modes): Promise<PartFile> {
    const begun = readJournal(journalPath(to));
    const isSame = begun !== undefined && isSameContent(begun.identity, identity);
    const found = ownStatsOf(partPath(to));
    const isThere = isSame && found?.isFile() === true && found.size === identity.bytes;
    const done = isThere ? begun.done : new ByteRanges();
    // the other way round, a kill between the two would leave a journal of bytes that are not there
    if (!isThere) removePart(to);
    const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
    const file = await insistMeanwhile(() => open(partPath(to), flags, modes.file));
    try {
      await file.truncate(identity.bytes);
      const journal = Journal.begin(journalPath(to), identity, done, modes);
      syncFolder(dirname(to));
      return new PartFile({ to, file, journal, done }, begun !== undefined && !isSame);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Writes at a place; waits for the disk where too much is not yet on it. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    await writeWhollyMeanwhile(this.#opened.file, withheld(position, bytes), position);
    const range = { start: position, end: position + bytes.length };
    this.written.add(range);
    this.#pending.add(range);
    while (this.#pending.bytes >= SYNCED_AT_BYTES && this.#syncing) await this.#syncing;
    // the next write, or the end, hears of what goes wrong
    if (this.#pending.bytes >= SYNCED_AT_BYTES) this.#sync().catch(() => undefined);
    if (this.#failed) throw this.#failed.reason;
  }

  /** Brings what is written to the disk, and notes it as done. */
  #sync(): Promise<void> {
    return (this.#syncing = this.#note().finally(() => (this.#syncing = undefined)));
  }

  async #note(): Promise<void> {
    const { file, journal, done } = this.#opened;
    const ranges = this.#pending;
    this.#pending = new ByteRanges();
    try {
      await file.datasync();
      await journal.add(ranges);
      for (const range of ranges.ranges) done.add(range);
    } catch (reason) {
      this.#failed = { reason };
      throw reason;
    }
  }

  /** Gives the whole file its final name; it is on the disk then, whatever happens. */
  async finish(): Promise<void> {
    const { to, file } = this.#opened;
    const beginning = Buffer.alloc(Math.min(BEGINNING_BYTES, (await file.stat()).size));
    await file.read(beginning, 0, beginning.length, 0);
    if (putBack(beginning)) await writeWhollyMeanwhile(file, beginning, 0);
    await file.sync();
    await this[Symbol.asyncDispose]();
    renameDurably(partPath(to), to);
    discard(journalPath(to));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const { file, journal } = this.#opened;
    try {
      await this.#syncing;
      if (this.#pending.bytes > 0) await this.#sync();
    } finally {
      journal[Symbol.dispose]();
      await file.close();
    }
  }
}

function isSameContent(one: PartIdentity, other: PartIdentity): boolean {
  return (
    one.repository === other.repository &&
    one.path === other.path &&
    one.bytes === other.bytes &&
    one.etag !== null &&
    one.etag === other.etag
  );
}
