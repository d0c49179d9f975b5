import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { modelsFolder, workFolder } from '../home.ts';
import type { EventBus } from './event-bus.ts';
import type { Adding, ForeignModels, ModelsCopy } from '../contract/elsewhere.ts';
import type { BankUse, ImportResult, LibraryService, ModelDetails, ModelEntry } from '../contract/model.ts';
import type { Verification } from '../contract/verification.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { givenPath } from '../files/pasted-paths.ts';
import { sidecarOf } from '../models/sidecar.ts';
import { ModelFiles } from '../store/model-files.ts';
import type { ModelRepository, ModelRow } from '../store/models.ts';
import type { Activity } from './activity.ts';
import type { BankFolders } from './bank.ts';
import { WholeFileHasher } from './hashing/whole-files.ts';
import { DescribedModels, mayBeUsed, newestOf } from './described-models.ts';
import type { ModelImports } from './import/model-imports.ts';
import type { Merged } from './import/same-content.ts';
import { ModelChecks, noVisionFile } from './model-checks.ts';
import { detailsOf } from './model-details.ts';
import type { ModelReader } from './model-reader.ts';
import { atMost } from './shared-work.ts';
import { usableModel, type UsableModel } from './usable-model.ts';
import { emptyTrashOf, removeWithFiles, untrash } from './trash.ts';

/** A list does not wait longer for files that are being read: what they say is told when it is known. */
const PATIENCE_MILLISECONDS = 5_000;

/** The models on this machine, each where its file lies. Their headers are read by another process, and never here. */
export class Library implements LibraryService {
  readonly #models: ModelRepository;
  readonly #events: EventBus;
  readonly #bank: BankFolders;
  readonly #activity: Activity;
  readonly #home: string;
  readonly #reader: ModelReader;
  readonly #imports: ModelImports;
  readonly #described: DescribedModels;
  readonly #checks: ModelChecks;
  /** whether somebody was told of a model that was not read yet */
  #toldUnread = false;
  #closed = false;

  constructor(options: {
    models: ModelRepository;
    events: EventBus;
    bank: BankFolders;
    activity: Activity;
    reader: ModelReader;
    imports: ModelImports;
    /** Snug's own folder, where what the files say is kept */
    home: string;
    /** where models are now, if not there */
    modelsFolder?: (() => string) | undefined;
    start?: StartWorker | undefined;
  }) {
    this.#models = options.models;
    this.#events = options.events;
    this.#bank = options.bank;
    this.#activity = options.activity;
    this.#home = options.home;
    this.#reader = options.reader;
    this.#imports = options.imports;
    this.#described = new DescribedModels(join(workFolder(options.home), 'models.json'), options.reader);
    this.#checks = new ModelChecks({
      models: options.models,
      described: this.#described,
      hasher: new WholeFileHasher(options.home, options.start),
      events: options.events,
      modelsFolder: options.modelsFolder ?? (() => modelsFolder(options.home)),
    });
    this.#imports.watch((merged) => this.#tellMerged(merged));
  }

  async list(): Promise<readonly ModelEntry[]> {
    this.#imports.follow();
    await this.#readUnread();
    this.#imports.wake();
    return this.#list();
  }

  #tellMerged({ kept, path }: Merged): void {
    this.changed();
    this.#events.emit('library.merged', { kept: this.#entry(kept), path });
  }

  #list(): ModelEntry[] {
    return this.#models.list().map((row) => this.#entry(row));
  }

  async #readUnread(): Promise<void> {
    const rows = this.#models.list().filter((row) => this.#described.known(row) === undefined);
    if (rows.length === 0) return;
    await atMost(PATIENCE_MILLISECONDS, Promise.all(rows.map((row) => this.#read(row))));
  }

  /** Reads what is not known of a model, and tells it to whoever was told less. */
  async #read(row: ModelRow): Promise<void> {
    await this.#described.read(row);
    if (this.#toldUnread && !this.#closed) this.changed();
  }

  /** Tells the files of each model, all of which are read first. */
  async filesOfAll(): Promise<(row: ModelRow) => readonly string[]> {
    await Promise.all(this.#models.list().map((row) => this.#described.read(row)));
    return (row) => this.#described.files(row);
  }

  /** Tells every window what the library holds now. */
  changed(): void {
    this.#toldUnread = false;
    this.#events.emit('library.changed', this.#list());
  }

  /** A model to load, its vision file beside it; throws with what can be done when it is gone or broken. */
  usable(id: string): UsableModel {
    const row = this.#models.get(id);
    return usableModel(row, this.#described.known(row) ?? this.#described.unread(row));
  }

  entry(id: string): ModelEntry {
    return this.#entry(this.#models.get(id));
  }

  /** The same once its file has been read. */
  async #readEntry(id: string): Promise<ModelEntry> {
    await this.#read(this.#models.get(id));
    return this.#entry(this.#models.get(id));
  }

  async inspect({ id }: { id: string }): Promise<ModelDetails> {
    const row = this.#models.get(id);
    const { facts, types, layers: layerTypes, luq } = await this.#reader.inspect({ path: row.path });
    const entry = await this.#readEntry(id);
    using known = ModelFiles.open(this.#home);
    const about = { paths: this.#described.files(row), sidecar: sidecarOf(row.path), known };
    return { entry, facts, types, layerTypes, luq, ...detailsOf(entry, { ...about, models: this.#list() }) };
  }

  async add(given: { paths: readonly string[]; how?: Adding | undefined }): Promise<ImportResult> {
    try {
      const result = await this.#imports.add(given, (row) => this.#readEntry(row.id));
      for (const { id } of result.known)
        this.#filesOf(id).forEach((path) => this.#checks.noteRewritten(path));
      return result;
    } finally {
      this.changed();
      this.#imports.wake();
    }
  }

  async elsewhere(): Promise<readonly ForeignModels[]> {
    return this.#imports.elsewhere(() => this.#list());
  }

  async copying(): Promise<ModelsCopy | null> {
    return this.#imports.copying;
  }

  async cancelCopying(): Promise<void> {
    await this.#imports.cancelCopying();
  }

  async findMmproj({ id }: { id: string }): Promise<ModelEntry> {
    const { path } = this.#models.get(id);
    const found = (await this.#reader.findMmproj({ path })) ?? (await this.#knownMmproj(path));
    if (found === undefined) {
      throw noVisionFile((await this.#readEntry(id)).name, path);
    }
    return this.setMmproj({ id, mmprojPath: found });
  }

  async #knownMmproj(path: string): Promise<string | undefined> {
    const known = (await this.list()).flatMap(({ mmproj }) => mmproj?.path ?? []);
    for (const mmprojPath of known) {
      if (await this.#reader.fits({ path, mmprojPath })) return mmprojPath;
    }
    return undefined;
  }

  async setMmproj({ id, mmprojPath }: { id: string; mmprojPath: string }): Promise<ModelEntry> {
    const chosen = resolve(givenPath(mmprojPath));
    await this.#reader.checkPair({ path: this.#models.get(id).path, mmprojPath: chosen });
    this.#models.setMmproj(id, chosen);
    this.#imports.wake();
    await this.#described.read(this.#models.get(id));
    this.changed();
    return this.#entry(this.#models.get(id));
  }

  async remove({ id, deleteFile }: { id: string; deleteFile: boolean }): Promise<{ freedBytes: number }> {
    const row = this.#models.get(id);
    if (deleteFile) this.#imports.refuseForeign(row);
    await this.#described.read(row);
    // Windows does not rename a file that is in use
    if (deleteFile) await this.#activity.freeMemory(row.path);
    const files =
      deleteFile && !row.builtIn ? this.#described.files(row).filter((path) => existsSync(path)) : [];
    const freedBytes = removeWithFiles(this.#models, row, files);
    this.changed();
    return { freedBytes };
  }

  async restore({ id }: { id: string }): Promise<ModelEntry> {
    const row = this.#models.get(id);
    if (row.trashedPath !== null) untrash(row.path);
    this.#models.restore(id);
    await this.#described.read(this.#models.get(id));
    this.changed();
    return this.#entry(this.#models.get(id));
  }

  async verify({ id }: { id: string }): Promise<Verification> {
    this.usable(id);
    await this.#read(this.#models.get(id));
    return this.#checks.verify(this.#models.get(id));
  }

  async lookFor({ id, folder }: { id: string; folder?: string | undefined }): Promise<ModelEntry> {
    await this.#checks.lookFor(this.#models.get(id), folder && resolve(givenPath(folder)));
    const entry = await this.#readEntry(id);
    this.changed();
    return entry;
  }

  async cancelCheck({ id }: { id: string }): Promise<void> {
    await this.#checks.cancel(id);
  }

  /** The model a new conversation starts with: what was fitted last, else the newest there is. */
  newestUsable(): string | undefined {
    return newestOf(this.#list().filter(mayBeUsed))?.id;
  }

  /** Deletes for good what was removed before this start. */
  emptyTrash(): void {
    for (const row of this.#models.removed()) {
      // one that cannot go yet goes at a later start
      if (row.trashedPath !== null && !emptyTrashOf(row.path)) continue;
      this.#models.forget(row.id);
      this.#described.forget(row.id);
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
    this.#checks.noteRewritten(row.path);
    this.changed();
    void this.#read(row);
    return this.#entry(row);
  }

  async bank(): Promise<BankUse> {
    const usable = this.#list().filter(mayBeUsed);
    return this.#bank.use(usable.map(({ id, name }) => ({ name, files: this.#filesOf(id) })));
  }

  async cleanBank(): Promise<{ freedBytes: number }> {
    return { freedBytes: this.#bank.clean() };
  }

  #filesOf(id: string): readonly string[] {
    return this.#described.files(this.#models.get(id));
  }

  #entry(row: ModelRow): ModelEntry {
    const { id, path, title, addedAt, builtIn, madeFrom } = row;
    const known = this.#described.known(row);
    if (!known) this.#toldUnread = true;
    const others = { alsoAt: this.#imports.placesOf(row), keptBy: this.#imports.keeperOf(path) };
    return {
      id,
      path,
      title,
      addedAt,
      builtIn,
      madeFrom,
      ...others,
      ...(known ?? this.#described.unread(row)),
    };
  }

  /** Ends the processes that read, and copying. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#checks.close(), this.#reader.close(), this.#imports.close()]);
  }
}
