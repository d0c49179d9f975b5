import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BankUse } from '../contract/model.ts';
import { workFolder } from '../home.ts';
import { discard } from '../files/durable-files.ts';
import { SOURCE_COPY } from '../fit/workspace.ts';
import { regularFilesBelow } from '../files/regular-file.ts';
import { statsOf } from '../files/stats.ts';
import { knownSha256 } from '../models/source.ts';
import { lockFile } from '../store/file-lock.ts';
import { takeLock } from '../store/lock.ts';
import type { Activity } from './activity.ts';

/** What fits keep so that another budget takes seconds: a folder for each source in `work`, in Snug's home. */
export class BankFolders {
  readonly #home: string;
  readonly #work: string;
  readonly #activity: Activity;

  constructor(home: string, activity: Activity) {
    this.#home = home;
    this.#work = workFolder(home);
    this.#activity = activity;
  }

  #folders(): string[] {
    if (!existsSync(this.#work)) return [];
    return (
      readdirSync(this.#work, { withFileTypes: true })
        // answers of `snug evaluate` lie beside them
        .filter((entry) => entry.isDirectory() && /^[0-9a-f]{16}$/.test(entry.name))
        .map((entry) => entry.name)
    );
  }

  /** The sources that something is kept of, with the first 16 digits of their hashes. */
  sources(): readonly { hash: string; bytes: number }[] {
    return this.#folders().map((hash) => ({ hash, bytes: bytesIn(join(this.#work, hash)) }));
  }

  /** What is kept, by the names of those models in these files that were hashed before. */
  use(models: readonly { readonly name: string; readonly files: readonly string[] }[]): BankUse {
    const sources = this.sources().map(({ hash, bytes }) => {
      const model = models.find(({ files }) => knownSha256(files, this.#home)?.startsWith(hash));
      return { name: model?.name ?? `a model that is no longer here (${hash})`, bytes };
    });
    return { sources, bytes: sources.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  get bytes(): number {
    return this.sources().reduce((sum, source) => sum + source.bytes, 0);
  }

  /** Deletes copies to calibrate with that killed fits left; what a running fit has is locked. */
  dropCopies(): void {
    for (const hash of this.#folders()) {
      const copy = join(this.#work, hash, SOURCE_COPY);
      if (!existsSync(copy)) continue;
      try {
        using lock = lockFile(`${join(this.#work, hash)}.lock`, 0);
        if (lock) discard(copy);
      } catch {
        // a folder that is not ours to write to: the next fit of that source says so
      }
    }
  }

  /** Deletes all of it and returns the bytes freed; throws BUSY, and deletes nothing, while a fit is using it, also one in a terminal. */
  clean(): number {
    this.#activity.refuseIfUsed('fit', 'a fit is using what would be deleted', {
      advice: 'Wait for the fit to end, or cancel it.',
    });
    const { bytes } = this;
    const folders = this.#folders().map((folder) => join(this.#work, folder));
    using locks = new DisposableStack();
    for (const folder of folders) locks.use(takeLock(`${folder}.lock`, 'using what would be deleted'));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    return bytes;
  }
}

function bytesIn(folder: string): number {
  return regularFilesBelow(folder).reduce((sum, path) => sum + (statsOf(path)?.size ?? 0), 0);
}
