import { basename, extname } from 'node:path';
import {
  FOREIGN_APPS,
  type Adding,
  type ForeignAppId,
  type ForeignModels,
  type ModelsCopy,
} from '../../contract/elsewhere.ts';
import { SnugError } from '../../contract/errors.ts';
import type { ImportResult, ModelEntry } from '../../contract/model.ts';
import { thisMachine, type Machine } from '../../models/import/machine.ts';
import { isInside } from '../../files/paths.ts';
import { pathsOfParts, stemOf } from '../../gguf/part-names.ts';
import type { ModelFiles } from '../../store/model-files.ts';
import type { ModelRepository, ModelRow } from '../../store/models.ts';
import type { Activity } from '../activity.ts';
import type { BackgroundHasher } from '../hashing/background.ts';
import type { ModelReader } from '../model-reader.ts';
import type { CopiedFile, CopiedModel, ModelCopies } from './copies.ts';
import { findElsewhere, foreignFolders, keeperOf } from './elsewhere.ts';
import { refusalOf, type Refused } from './given-files.ts';
import { importModels, type NewPair } from './import-models.ts';
import { SameContent, type Merged } from './same-content.ts';

/** How models come into the library: those that are given, and those of other apps. */
export class ModelImports {
  readonly #models: ModelRepository;
  readonly #reader: ModelReader;
  readonly #files: ModelFiles;
  readonly #hashes: BackgroundHasher;
  readonly #copies: ModelCopies;
  readonly #same: SameContent;
  readonly #machine: Machine;
  #folders: ReadonlyMap<string, ForeignAppId>;
  #onMerged: (merged: Merged) => void = () => undefined;
  #looking: Promise<readonly ForeignModels[]> | undefined;

  constructor(parts: {
    models: ModelRepository;
    reader: ModelReader;
    files: ModelFiles;
    hashes: BackgroundHasher;
    copies: ModelCopies;
    activity: Activity;
    /** where other apps are looked for; a test's own has some */
    machine?: Machine | undefined;
  }) {
    const { models, files, hashes, activity } = parts;
    this.#models = models;
    this.#reader = parts.reader;
    this.#files = files;
    this.#hashes = hashes;
    this.#copies = parts.copies;
    this.#same = new SameContent({ models, files, hashes, activity });
    this.#machine = parts.machine ?? thisMachine();
    this.#folders = foreignFolders(this.#machine);
  }

  /** Finds out in the background what files contain, and tells of models that are one. */
  watch(onMerged: (merged: Merged) => void): void {
    this.#onMerged = onMerged;
    this.#hashes.watch(
      () => this.#same.wanted(),
      () => this.#merge(),
    );
  }

  #merge(): void {
    for (const merged of this.#same.merge()) this.#onMerged(merged);
  }

  /** There may be files whose content is not known, or models that are no longer in use and one with another. */
  wake(): void {
    this.#merge();
    this.#hashes.wake();
  }

  /** Points models whose file is gone to another place where it lies. */
  follow(): void {
    this.#same.follow();
  }

  /** Other places where a model's file lies. */
  placesOf(row: ModelRow): string[] {
    return this.#same.placesOf(row);
  }

  /** Of a model in these files; undefined for what was not hashed since it changed. */
  sha256Of(paths: readonly string[]): string | undefined {
    return this.#files.knownModel(paths);
  }

  /** Throws where a file is another app's to delete. */
  refuseForeign({ path, title }: ModelRow): void {
    const app = this.keeperOf(path);
    if (app === null) return;
    throw new SnugError('BAD_ARGUMENT', `${title ?? path} is in the folder of ${FOREIGN_APPS[app]}`, {
      advice: `Delete it in ${FOREIGN_APPS[app]}, or take it out of the library and keep its file.`,
    });
  }

  /** The app in whose folder a file lies; none where Snug was told to keep its own models there. */
  keeperOf(path: string): ForeignAppId | null {
    if (isInside(this.#copies.folder, path)) return null;
    return keeperOf(path, this.#folders);
  }

  async elsewhere(entries: () => readonly ModelEntry[]): Promise<readonly ForeignModels[]> {
    this.#folders = foreignFolders(this.#machine);
    this.#looking ??= findElsewhere({ machine: this.#machine, reader: this.#reader, entries }).finally(
      () => (this.#looking = undefined),
    );
    return this.#looking;
  }

  async add(
    { paths, how = 'link' }: { readonly paths: readonly string[]; readonly how?: Adding | undefined },
    entryOf: (row: ModelRow) => Promise<ModelEntry>,
  ): Promise<ImportResult> {
    const { added, known, notes, refused } = await importModels(paths, {
      models: this.#models,
      reader: this.#reader,
      same: this.#same,
      entryOf,
      place: async (pairs) => (how === 'copy' ? this.#copy(pairs) : this.#link(pairs)),
    });
    const entries = async (rows: readonly ModelRow[]) => {
      const found: ModelEntry[] = [];
      for (const row of rows) found.push(await entryOf(row));
      return found;
    };
    const addedEntries = await entries(added);
    return {
      added: addedEntries,
      known: await entries(known),
      notes: [...notes, ...keptNotes(addedEntries)],
      refused,
    };
  }

  get copying(): ModelsCopy | null {
    return this.#copies.progress;
  }

  async cancelCopying(): Promise<void> {
    await this.#copies.cancel();
  }

  /** Ends what runs; what was copied wholly stays. */
  async close(): Promise<void> {
    await Promise.all([this.#hashes.close(), this.#copies.cancel()]);
  }

  #link(pairs: readonly NewPair[]): { added: ModelRow[]; refused: Refused[] } {
    return { added: pairs.map((pair) => this.#models.add(pair)), refused: [] };
  }

  async #copy(pairs: readonly NewPair[]): Promise<{ added: ModelRow[]; refused: Refused[] }> {
    const added: ModelRow[] = [];
    const refused: Refused[] = [];
    const asked = new Map(pairs.map((pair) => [copyOf(pair), pair]));
    const pairOf = (model: CopiedModel) => asked.get(model);
    if (asked.size === 0) return { added, refused };
    await this.#copies.run([...asked.keys()], {
      onCopied: (model, [path = '', ...others]) => {
        const mmprojPath = pairOf(model)?.mmprojPath === undefined ? undefined : others.at(-1);
        added.push(this.#models.add({ path, mmprojPath }));
      },
      onFailed: (model, error) => refused.push(refusalOf(pairOf(model)?.path ?? model.name, error)),
    });
    return { added, refused };
  }
}

/** "qwen2.5vl:7b, qwen2.5vl:latest" as a file: "qwen2.5vl-7b". */
function copyOf({ path, mmprojPath, title }: NewPair): CopiedModel {
  const own = (file: string) => (/\.gguf$/i.test(file) ? basename(file) : undefined);
  const [called = basename(path)] = (title ?? basename(path)).split(', ');
  const name = (own(path) === undefined ? undefined : stemOf(path)) ?? called.replaceAll(/[:/]/g, '-');
  const files: CopiedFile[] = pathsOfParts(path).map((from) => ({ from, name: own(from) ?? `${name}.gguf` }));
  if (mmprojPath === undefined) return { name, files };
  const vision = own(mmprojPath) ?? `mmproj-${name}.gguf`;
  const isTaken = files.some((file) => file.name === vision);
  return {
    name,
    files: [...files, { from: mmprojPath, name: isTaken ? `mmproj-${name}${extname(vision)}` : vision }],
  };
}

/** What a person should know of models that stay in another app's folder. */
function keptNotes(entries: readonly ModelEntry[]): string[] {
  const byApp = Map.groupBy(
    entries.filter(({ keptBy }) => keptBy !== null),
    ({ keptBy }) => keptBy,
  );
  return [...byApp].flatMap(([app, [first, ...others]]) => {
    if (app === null || !first) return [];
    const called = FOREIGN_APPS[app];
    const what = others.length === 0 ? `${first.name} stays` : `${others.length + 1} models stay`;
    return [`${what} in the folder of ${called}: what ${called} deletes is gone here too.`];
  });
}
