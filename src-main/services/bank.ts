import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { regularFilesBelow } from '../files/regular-file.ts';
import { SnugError } from '../contract/errors.ts';
import type { BankUse } from '../contract/model.ts';
import { takeLock } from '../store/lock.ts';

/** What fits keep so that another budget takes seconds: a folder for each source in `work`, in Snug's home. */
export class BankFolders {
  readonly #work: string;
  readonly #nameOf: (sourceHash: string) => string | undefined;
  readonly #inUse: () => boolean;

  /** `nameOf` tells the model of the first 16 digits of a source's hash; `inUse` whether a fit is running. */
  constructor(home: string, nameOf: (sourceHash: string) => string | undefined, inUse: () => boolean) {
    this.#work = join(home, 'work');
    this.#nameOf = nameOf;
    this.#inUse = inUse;
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

  use(): BankUse {
    const sources = this.#folders().map((folder) => ({
      name: this.#nameOf(folder) ?? `a model that is no longer here (${folder})`,
      bytes: bytesIn(join(this.#work, folder)),
    }));
    return { sources, bytes: sources.reduce((sum, source) => sum + source.bytes, 0) };
  }

  /** Deletes all of it and returns the bytes freed; throws BUSY, and deletes nothing, while a fit is using it, also one in a terminal. */
  clean(): number {
    if (this.#inUse()) {
      throw new SnugError('BUSY', 'a fit is using what would be deleted', {
        advice: 'Wait for the fit to end, or cancel it.',
      });
    }
    const { bytes } = this.use();
    const folders = this.#folders().map((folder) => join(this.#work, folder));
    using locks = new DisposableStack();
    for (const folder of folders) locks.use(takeLock(`${folder}.lock`, 'using what would be deleted'));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    return bytes;
  }
}

function bytesIn(folder: string): number {
  return regularFilesBelow(folder).reduce(
    (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
