import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { SnugError, toErrorData } from '../contract/errors.ts';
import type { EventBus } from '../api/event-bus.ts';
import type { BankUse, ImportResult, LibraryService, ModelDetails, ModelEntry } from '../contract/model.ts';
import { sidecarPath } from '../models/sidecar.ts';
import { writeError } from '../luq/files.ts';
import type { ModelRepository, ModelRow } from '../store/models.ts';
import { findMmproj, fits } from '../models/find-mmproj.ts';
import { readGguf } from '../models/gguf.ts';
import { inspect } from '../models/inspect.ts';
import { checkPair, isMmproj, readTextModel, readVisionModel, type TextModel } from '../models/model-file.ts';
import { UNREADABLE, describeFiles, stampOf, type RowFields } from './model-entry.ts';

/** What of a model the library works with: where it lies, and whether it may be used at all. */
export interface UsableModel {
  readonly id: string;
  readonly path: string;
  readonly mmprojPath: string | undefined;
  readonly name: string;
  readonly builtIn: boolean;
}

/** The models on this machine, each where its file lies. */
export class Library implements LibraryService {
  readonly #models: ModelRepository;
  readonly #events: EventBus;
  readonly #bank: { use(): BankUse; clean(): number };
  /** headers read before, by path, size and time of change */
  readonly #read = new Map<string, { stamp: string; entry: Omit<ModelEntry, keyof RowFields> }>();

  constructor(models: ModelRepository, events: EventBus, bank: { use(): BankUse; clean(): number }) {
    this.#models = models;
    this.#events = events;
    this.#bank = bank;
  }

  list(): Promise<readonly ModelEntry[]> {
    return Promise.resolve(this.#list());
  }

  #list(): ModelEntry[] {
    return this.#models.list().map((row) => this.#entry(row));
  }

  /** Tells every window what the library holds now. */
  changed(): void {
    this.#events.emit('library.changed', this.#list());
  }

  /** A model to load, its vision encoder beside it; throws with what can be done when it is gone or broken. */
  usable(id: string): UsableModel {
    const row = this.#models.get(id);
    const entry = this.#entry(row);
    if (entry.problem !== null) {
      throw new SnugError('FILE', `${entry.name} cannot be used: ${entry.problem}`, {
        advice: 'Bring its file back to where it was, or choose another model.',
      });
    }
    return { id, path: row.path, mmprojPath: entry.mmproj?.path, name: entry.name, builtIn: row.builtIn };
  }

  entry(id: string): ModelEntry {
    return this.#entry(this.#models.get(id));
  }

  inspect({ id }: { id: string }): Promise<ModelDetails> {
    const entry = this.#entry(this.#models.get(id));
    const { facts, types, layers: layerTypes, luq } = inspect(entry.path);
    return Promise.resolve({ entry, facts, types, layerTypes, luq });
  }

  add({ paths }: { paths: readonly string[] }): Promise<ImportResult> {
    const texts: TextModel[] = [];
    const visionPaths: string[] = [];
    const refused: ImportResult['refused'][number][] = [];
    for (const given of paths) {
      const path = resolve(given);
      try {
        if (isMmproj(readGguf(path))) visionPaths.push(readVisionModel(path).path);
        else texts.push(readTextModel(path));
      } catch (error) {
        const { message, advice } = toErrorData(error);
        refused.push({ path: given, message, advice: advice ?? null });
      }
    }
    const rows = texts.map((text) =>
      this.#models.add({ path: text.path, mmprojPath: partner(text, visionPaths) }),
    );
    for (const path of visionPaths) this.#offer(path, rows.length === 0 ? refused : undefined);
    this.changed();
    return Promise.resolve({ added: rows.map((row) => this.#entry(this.#models.get(row.id))), refused });
  }

  /** Gives a vision encoder to the models that lack one and that it fits. */
  #offer(visionPath: string, refused: ImportResult['refused'][number][] | undefined): void {
    const taking = this.#models.list().filter((row) => {
      const entry = this.#entry(row);
      return entry.mmproj === null && entry.problem === null && fits(readTextModel(row.path), visionPath);
    });
    for (const row of taking) this.#models.setMmproj(row.id, visionPath);
    if (taking.length > 0 || !refused) return;
    refused.push({
      path: visionPath,
      message: `${basename(visionPath)} is a vision encoder, and no model here that lacks one fits it`,
      advice: 'Add its text model together with it.',
    });
  }

  findPartner({ id }: { id: string }): Promise<ModelEntry> {
    const row = this.#models.get(id);
    const text = readTextModel(row.path);
    const known = this.#models.list().flatMap((other) => this.#entry(other).mmproj?.path ?? []);
    const found = findMmproj(text) ?? known.find((path) => fits(text, path));
    if (found === undefined) {
      throw new SnugError('FILE', `no vision encoder that fits ${text.name} lies in ${dirname(row.path)}`, {
        advice: 'Look for a file called mmproj-….gguf where the model came from, and add it here.',
      });
    }
    return this.setPartner({ id, mmprojPath: found });
  }

  setPartner({ id, mmprojPath }: { id: string; mmprojPath: string }): Promise<ModelEntry> {
    const row = this.#models.get(id);
    checkPair(readTextModel(row.path), readVisionModel(mmprojPath));
    this.#models.setMmproj(id, mmprojPath);
    this.changed();
    return Promise.resolve(this.#entry(this.#models.get(id)));
  }

  remove({ id, deleteFile }: { id: string; deleteFile: boolean }): Promise<{ freedBytes: number }> {
    const row = this.#models.get(id);
    let freedBytes = 0;
    let trashedPath: string | null = null;
    if (deleteFile && !row.builtIn && existsSync(row.path)) {
      freedBytes = statSync(row.path).size;
      // beside the file, so that it is a rename on any disk; it goes for good at the next start
      trashedPath = `${row.path}.removed-by-snug`;
      rename(row.path, trashedPath);
    }
    this.#models.remove(id, trashedPath);
    this.changed();
    return Promise.resolve({ freedBytes });
  }

  restore({ id }: { id: string }): Promise<ModelEntry> {
    const row = this.#models.get(id);
    if (row.trashedPath !== null && existsSync(row.trashedPath) && !existsSync(row.path)) {
      rename(row.trashedPath, row.path);
    }
    this.#models.restore(id);
    this.changed();
    return Promise.resolve(this.#entry(this.#models.get(id)));
  }

  /** The model whose file's hash begins so, among those that were hashed before. */
  nameOfSource(sha256Of: (path: string) => string | undefined, hash: string): string | undefined {
    const usable = this.#list().filter((entry) => entry.problem === null);
    return usable.find((entry) => sha256Of(entry.path)?.startsWith(hash))?.name;
  }

  /** The model a new conversation starts with: what was fitted last, else the newest there is. */
  newestUsable(): string | undefined {
    const usable = this.#list().filter((entry) => entry.problem === null);
    const byDate = usable.sort((a, b) => b.addedAt.localeCompare(a.addedAt));
    return (byDate.find((entry) => entry.kind === 'fitted') ?? byDate[0])?.id;
  }

  /** Deletes for good what was removed before this start. */
  emptyTrash(): void {
    for (const row of this.#models.removed()) {
      if (row.trashedPath !== null) rmSync(row.trashedPath, { force: true });
      this.#models.forget(row.id);
    }
  }

  /** The result of a fit, or the demo model. */
  register(model: {
    path: string;
    mmprojPath?: string | undefined;
    madeFrom?: string;
    builtIn?: boolean;
  }): ModelEntry {
    const row = this.#models.add(model);
    this.changed();
    return this.#entry(row);
  }

  bank(): Promise<BankUse> {
    return Promise.resolve(this.#bank.use());
  }

  cleanBank(): Promise<{ freedBytes: number }> {
    return Promise.resolve({ freedBytes: this.#bank.clean() });
  }

  #entry(row: ModelRow): ModelEntry {
    const { id, path, addedAt, builtIn, madeFrom } = row;
    return { id, path, addedAt, builtIn, madeFrom, ...this.#describe(row) };
  }

  /** What its files say; a model whose file is gone or broken stays in the list and says so. */
  #describe(row: ModelRow): Omit<ModelEntry, keyof RowFields> {
    try {
      // the sidecar names the vision encoder where the row does not
      const stamp = [row.path, sidecarPath(row.path), row.mmprojPath].map(stampOf).join(' ');
      const known = this.#read.get(row.id);
      if (known?.stamp === stamp) return known.entry;
      const entry = describeFiles(row);
      this.#read.set(row.id, { stamp, entry });
      return entry;
    } catch (error) {
      const gone = !existsSync(row.path);
      return {
        ...UNREADABLE,
        name: basename(row.path),
        problem: gone ? 'its file is gone' : toErrorData(error).message,
      };
    }
  }
}

/** The vision encoder of a model just added: one added with it, else the one in its folder. */
function partner(text: TextModel, visionPaths: readonly string[]): string | undefined {
  const given = visionPaths.find((path) => fits(text, path));
  if (given !== undefined) return given;
  try {
    return findMmproj(text);
  } catch {
    // several fit: the person chooses on the models page
    return undefined;
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw writeError(error, from);
  }
}
