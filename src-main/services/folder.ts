import { existsSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { EventBus } from './event-bus.ts';
import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import type { FolderMove, FolderService, MovedFolder } from '../contract/folder.ts';
import { makeFolder, publish } from '../files/durable-files.ts';
import { writeError } from '../files/write-error.ts';
import { modesAt } from '../files/private-files.ts';
import { modelsFolder } from '../home.ts';
import type { ModelRepository } from '../store/models.ts';
import type { SettingsRepository } from '../store/settings.ts';
import { checkPlace, checkFreeSpace, makeWritable, refuseTaken, whenMoving } from './move/check.ts';
import { realDisk, type Disk } from './move/disk.ts';
import type { Activity } from './activity.ts';
import type { UnfinishedDownloads } from './downloads/unfinished.ts';
import type { Library } from './library.ts';
import {
  allOf,
  bytesOf,
  carrySidecar,
  filesToMove,
  hasArrived,
  isNeeded,
  repoint,
  type MovingFile,
} from './move/files.ts';
import { MoveJournal } from './move/journal.ts';
import { bringBack, deleteOld, renameAll, temporaryOf, tidyTarget } from './move/together.ts';

const TELL_MILLISECONDS = 200;
const GO_ON = whenMoving('Then move again: what was moved stays moved, and the rest is where it was.');

/** Files that no model has yet and that move with the models. */
type Alongside = Pick<UnfinishedDownloads, 'filesToMove' | 'isNeeded' | 'follow'>;

interface Running {
  readonly abort: AbortController;
  readonly ended: Promise<unknown>;
}

/** The folder of the models that Snug makes, and its move to another place: file by file, each in one folder or the other at any time. */
export class ModelsFolder implements FolderService {
  readonly #home: string;
  readonly #models: ModelRepository;
  readonly #settings: SettingsRepository;
  readonly #events: EventBus;
  readonly #library: Pick<Library, 'changed' | 'filesOfAll'>;
  readonly #activity: Activity;
  readonly #disk: Disk;
  readonly #unfinished: Alongside;
  readonly #journal: MoveJournal;
  #running: Running | undefined;
  #progress: FolderMove | null = null;
  #toldAt = 0;

  constructor(options: {
    home: string;
    models: ModelRepository;
    settings: SettingsRepository;
    events: EventBus;
    library: Pick<Library, 'changed' | 'filesOfAll'>;
    activity: Activity;
    unfinished: Alongside;
    disk?: Disk | undefined;
  }) {
    this.#home = options.home;
    this.#models = options.models;
    this.#settings = options.settings;
    this.#events = options.events;
    this.#library = options.library;
    this.#activity = options.activity;
    this.#unfinished = options.unfinished;
    this.#disk = options.disk ?? realDisk;
    this.#journal = new MoveJournal(options.home);
  }

  get current(): string {
    return this.#settings.modelsFolder ?? modelsFolder(this.#home);
  }

  /** Snug's own folder, on the disk that it works on. */
  get isOwn(): boolean {
    return this.#settings.modelsFolder === null;
  }

  /** Makes the folder in Snug's own; says so when a chosen one is not there, as on a disk that was taken out. */
  prepare(): string | undefined {
    const own = modelsFolder(this.#home);
    try {
      makeFolder(own);
    } catch (error) {
      throw writeError(error, own);
    }
    if (existsSync(this.current)) return undefined;
    return `The folder for models, ${this.current}, is not there. Connect its disk, or choose another folder for models.`;
  }

  /** Throws when no fit may write there now. */
  requireReady(): void {
    this.#activity.refuseIfUsed('move', 'the models are being moved to another folder');
    if (existsSync(this.current)) return;
    throw new SnugError('CANNOT_WRITE', `the folder for models, ${this.current}, is not there`, {
      advice: 'Connect its disk, or choose another folder for models.',
      remedies: [{ kind: 'choose-models-folder' }],
    });
  }

  async moving(): Promise<FolderMove | null> {
    return this.#progress;
  }

  async move({ to }: { to: string | null }): Promise<MovedFolder> {
    this.#activity.refuseIfUsed('move', 'the models are being moved already');
    this.#activity.refuseIfUsed('fit', 'a fit is writing to the folder of the models');
    this.#activity.refuseIfUsed('download', 'a model is being downloaded to the folder of the models', {
      advice: 'Wait for it, or pause it; what it has goes along.',
    });
    this.#activity.refuseIfUsed('export', 'a model is being exported');
    this.#activity.refuseIfUsed('copy', 'models are being copied to the folder of the models');
    const abort = new AbortController();
    const use = this.#activity.use('move');
    const work = this.#move(to, abort.signal).finally(() => {
      use[Symbol.dispose]();
      this.#running = undefined;
      this.#tell(null);
    });
    this.#running = { abort, ended: work.catch(() => undefined) };
    return work;
  }

  async cancel(): Promise<void> {
    this.#running?.abort.abort();
    await this.#running?.ended;
  }

  /** Stops a move; what it did is kept. */
  async close(): Promise<void> {
    await this.cancel();
  }

  async #move(to: string | null, signal: AbortSignal): Promise<MovedFolder> {
    const from = this.current;
    const own = modelsFolder(this.#home);
    const folder = checkPlace(to ?? own, { from, home: this.#home });
    const filesOf = await this.#library.filesOfAll();
    // downloads last: until the folder is the new one they would not be found there
    const files = [
      ...filesToMove(this.#models, { folder: from, target: folder, filesOf }),
      ...this.#unfinished.filesToMove(from, folder),
    ];
    refuseTaken(files, (path) => this.#models.findByPath(path) !== undefined);
    checkFreeSpace(files, folder, (place) => this.#disk.freeBytes(place));
    await this.#activity.freeMemory();
    makeWritable(folder, modesAt(folder, this.#home));
    const totalBytes = files.reduce((sum, file) => sum + bytesOf(file), 0);
    this.#tell({ from, to: folder, doneFiles: 0, totalFiles: files.length, doneBytes: 0, totalBytes });
    const moved: MovingFile[] = [];
    for (const file of files) {
      throwIfCancelled(signal);
      if (await this.#bring(file, signal)) moved.push(file);
      this.#unfinished.follow(from, folder);
    }
    this.#settings.setModelsFolder(folder === resolve(own) ? null : folder);
    const leftBehind = this.#journal.read().map((file) => file.from);
    const bytes = moved.reduce((sum, file) => sum + bytesOf(file), 0);
    return { folder, files: moved.length, bytes, leftBehind };
  }

  /**
   * One file from the old folder to the new; false when the library no longer has it. When it throws, the file is where it was
   * and the store says so.
   */
  async #bring(file: MovingFile, signal: AbortSignal): Promise<boolean> {
    const before = this.#progress;
    let moved: boolean;
    try {
      makeFolder(dirname(file.to), modesAt(file.to, this.#home));
      this.#journal.add(file);
      moved = await this.#transfer(file, signal);
    } catch (error) {
      this.#giveUp(file);
      throw writeError(error, file.to, GO_ON);
    }
    if (!moved) this.#giveUp(file);
    else {
      this.#journal.arrived(file);
      if (deleteOld(file)) this.#journal.remove(file);
    }
    this.#library.changed();
    if (before) {
      const doneBytes = before.doneBytes + bytesOf(file);
      this.#tell({ ...before, doneFiles: before.doneFiles + 1, doneBytes });
    }
    return moved;
  }

  #giveUp(file: MovingFile): void {
    tidyTarget(file);
    // a file that could not be brought back is found by the next start
    if (allOf(file).every(({ from, to }) => existsSync(from) || !existsSync(to))) this.#journal.remove(file);
  }

  async #transfer(file: MovingFile, signal: AbortSignal): Promise<boolean> {
    const { from, to } = file;
    // a model may be removed while others are moved: then its file is no longer ours to bring
    if (!this.#isNeeded(from)) return false;
    const renamed = this.#rename(file);
    if (!renamed) {
      await this.#copy(file, signal);
      if (!this.#isNeeded(from)) return false;
      carrySidecar(file);
      for (const one of allOf(file)) publish(temporaryOf(one.to), one.to);
    }
    try {
      repoint(this.#models, from, to);
    } catch (error) {
      for (const one of allOf(file)) {
        if (renamed) this.#disk.rename(one.to, one.from);
        else rmSync(one.to, { force: true });
      }
      repoint(this.#models, to, from);
      throw error;
    }
    return true;
  }

  #isNeeded(path: string): boolean {
    return isNeeded(this.#models, path) || this.#unfinished.isNeeded(path);
  }

  /** False when the new folder is on another disk. */
  #rename(file: MovingFile): boolean {
    carrySidecar(file);
    return renameAll(file, this.#disk);
  }

  async #copy(file: MovingFile, signal: AbortSignal): Promise<void> {
    const before = this.#progress;
    let copied = 0;
    const onBytes = (bytes: number) => {
      copied += bytes;
      if (!before || performance.now() - this.#toldAt < TELL_MILLISECONDS) return;
      this.#tell({ ...before, doneBytes: before.doneBytes + copied });
    };
    for (const { from, to } of allOf(file)) await this.#disk.copy(from, temporaryOf(to), { signal, onBytes });
  }

  /** Ends what a crash left half done: each file is in the new folder, or still in the old one. */
  finishInterrupted(): void {
    for (const file of this.#journal.read()) {
      // its disk may be one that is not connected today
      if (!file.arrived && !existsSync(dirname(file.to))) continue;
      try {
        if (file.arrived ? deleteOld(file) : this.#finish(file)) this.#journal.remove(file);
      } catch {
        // tried again at the next start; nothing is lost by waiting
      }
    }
  }

  /** False when it is not settled yet. */
  #finish(file: MovingFile): boolean {
    if (!hasArrived(file)) {
      bringBack(file);
      tidyTarget(file);
      return true;
    }
    if (this.#models.findByPath(file.to) === undefined) repoint(this.#models, file.from, file.to);
    // a copy that the library does not need may be someone else's, so the old one stays
    return !isNeeded(this.#models, file.to) || deleteOld(file);
  }

  #tell(progress: FolderMove | null): void {
    this.#progress = progress;
    this.#toldAt = performance.now();
    this.#events.emit('folder.moving', progress);
  }
}
