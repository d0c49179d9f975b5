import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatBytes } from '../../contract/bytes.ts';
import type { ModelsCopy } from '../../contract/elsewhere.ts';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import { makeFolder, syncFolder } from '../../files/durable-files.ts';
import { fileStamp, isSameStamp } from '../../files/file-stamp.ts';
import { changedMeanwhile } from '../../files/hash.ts';
import { AS_USUAL, modesAt } from '../../files/private-files.ts';
import { safeName, safeNames } from '../../files/safe-name.ts';
import { writeError, type WritingAdvice } from '../../files/write-error.ts';
import { statsOf } from '../../files/stats.ts';
import type { ModelFiles } from '../../store/model-files.ts';
import type { Activity } from '../activity.ts';
import type { EventBus } from '../event-bus.ts';
import { realDisk, type Disk } from '../move/disk.ts';

const TELL_MILLISECONDS = 200;
const UNFINISHED = '.snug-copying';
const WRITING: WritingAdvice = {
  full: 'Free some space and add it again, or link it where it is. Nothing of it was kept.',
  refused: 'Choose another folder for models, or link it where it is.',
  elsewhere: [{ kind: 'choose-models-folder' }],
};

/** A file to copy, and what it is called from then on. */
export interface CopiedFile {
  readonly from: string;
  readonly name: string;
}

/** A model to copy: its text model's file first. */
export interface CopiedModel {
  readonly name: string;
  readonly files: readonly CopiedFile[];
}

interface Running {
  readonly abort: AbortController;
  readonly ended: Promise<unknown>;
}

/** Copies models into the folder of the models, each into a folder of its own that is there wholly or not at all. */
export class ModelCopies {
  readonly #folder: () => string;
  readonly #home: string;
  readonly #files: ModelFiles;
  readonly #events: EventBus;
  readonly #activity: Activity;
  readonly #disk: Disk;
  #running: Running | undefined;
  #progress: ModelsCopy | null = null;
  #toldAt = 0;

  constructor(options: {
    /** the folder of the models now */
    folder: () => string;
    home: string;
    files: ModelFiles;
    events: EventBus;
    activity: Activity;
    disk?: Disk | undefined;
  }) {
    this.#folder = options.folder;
    this.#home = options.home;
    this.#files = options.files;
    this.#events = options.events;
    this.#activity = options.activity;
    this.#disk = options.disk ?? realDisk;
  }

  /** Where copies go. */
  get folder(): string {
    return this.#folder();
  }

  get progress(): ModelsCopy | null {
    return this.#progress;
  }

  /**
   * Copies one model after the other, and tells `onCopied` where its files are once it is there. A model that can't be copied is told to
   * `onFailed`, and the others go on. Throws CANCELLED, and BUSY or DISK_FULL before anything is copied.
   */
  async run(
    models: readonly CopiedModel[],
    {
      onCopied,
      onFailed,
    }: {
      onCopied: (model: CopiedModel, paths: readonly string[]) => void;
      onFailed: (model: CopiedModel, error: SnugError) => void;
    },
  ): Promise<void> {
    this.#activity.refuseIfUsed('move', 'the models are being moved to another folder');
    this.#activity.refuseIfUsed('copy', 'other models are being copied already');
    const abort = new AbortController();
    const use = this.#activity.use('copy');
    const work = this.#copyAll(models, abort.signal, { onCopied, onFailed }).finally(() => {
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

  /** Removes what a Snug that was killed had begun to copy. */
  tidyUp(): void {
    const folder = this.#folder();
    if (!existsSync(folder)) return;
    try {
      for (const name of readdirSync(folder))
        if (name.endsWith(UNFINISHED)) rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // tried again at the next start
    }
  }

  async #copyAll(
    models: readonly CopiedModel[],
    signal: AbortSignal,
    { onCopied, onFailed }: Parameters<ModelCopies['run']>[1],
  ): Promise<void> {
    const folder = this.#folder();
    const sizes = models.map((model) => bytesOf(model));
    const totalBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
    let [doneModels, doneBytes] = [0, 0];
    let isChecked = false;
    for (const model of models) {
      throwIfCancelled(signal);
      const at = { name: model.name, doneModels, totalModels: models.length, totalBytes };
      this.#tell({ ...at, doneBytes });
      const copy = new OneCopy(model, { folder, home: this.#home, disk: this.#disk, files: this.#files });
      try {
        const isCloned = await copy.clone();
        if (!isCloned && !isChecked) this.#checkRoom(folder, totalBytes - doneBytes);
        isChecked ||= !isCloned;
        const before = doneBytes;
        let copied = 0;
        if (!isCloned) {
          const onBytes = (bytes: number) => {
            copied += bytes;
            if (performance.now() - this.#toldAt >= TELL_MILLISECONDS)
              this.#tell({ ...at, doneBytes: before + copied });
          };
          await copy.write({ signal, onBytes });
        }
        onCopied(model, copy.publish());
      } catch (error) {
        copy.discard();
        throwIfCancelled(signal);
        const told = writeError(error, join(folder, model.name), WRITING);
        if (told.code === 'DISK_FULL') throw told;
        onFailed(model, told);
      }
      doneModels++;
      doneBytes += sizes[doneModels - 1] ?? 0;
    }
  }

  #checkRoom(folder: string, needed: number): void {
    const free = this.#disk.freeBytes(folder);
    if (needed <= free) return;
    throw new SnugError(
      'DISK_FULL',
      `the copies take ${formatBytes(needed)}, and only ${formatBytes(free)} are free on the disk of ${folder}`,
      { advice: 'Free some space there, choose another folder for models, or link them where they are.' },
    );
  }

  #tell(progress: ModelsCopy | null): void {
    this.#progress = progress;
    this.#toldAt = performance.now();
    this.#events.emit('library.copying', progress);
  }
}

function bytesOf({ files }: CopiedModel): number {
  return files.reduce((sum, { from }) => sum + (statsOf(from)?.size ?? 0), 0);
}

interface Place {
  readonly folder: string;
  readonly home: string;
  readonly disk: Disk;
  readonly files: ModelFiles;
}

/** One model on its way, in a folder that is not called a model's until all of it is there. */
class OneCopy {
  readonly #model: CopiedModel;
  readonly #place: Place;
  readonly #unfinished: string;
  readonly #names: ReadonlyMap<string, string>;

  constructor(model: CopiedModel, place: Place) {
    this.#model = model;
    this.#place = place;
    this.#unfinished = join(place.folder, `${safeName(model.name)}${UNFINISHED}`);
    this.#names = safeNames(model.files.map(({ name }) => name));
  }

  /** False where the disk can't, as to another one; nothing is left then. */
  async clone(): Promise<boolean> {
    this.#begin();
    for (const file of this.#model.files) {
      const before = fileStamp(file.from);
      if (!(await this.#place.disk.clone(file.from, this.#to(file)))) {
        this.discard();
        return false;
      }
      this.#refuseChanged(file, before);
    }
    return true;
  }

  async write(options: Parameters<Disk['copy']>[2]): Promise<void> {
    this.#begin();
    for (const file of this.#model.files) {
      const before = fileStamp(file.from);
      await this.#place.disk.copy(file.from, this.#to(file), options);
      this.#refuseChanged(file, before);
    }
  }

  /** Gives the folder its name; where its files are from then on. */
  publish(): string[] {
    const { folder, disk, files: known } = this.#place;
    for (const file of this.#model.files) makeWritable(this.#to(file), this.#place);
    syncFolder(this.#unfinished);
    const last = freeName(folder, safeName(this.#model.name));
    disk.rename(this.#unfinished, last);
    return this.#model.files.map((file) => {
      const path = join(last, basename(this.#to(file)));
      const [sha256, stamp] = [known.known(file.from), fileStamp(path)];
      if (sha256 !== undefined && stamp) known.remember(path, stamp, sha256);
      return path;
    });
  }

  discard(): void {
    rmSync(this.#unfinished, { recursive: true, force: true });
  }

  #begin(): void {
    this.discard();
    const modes = modesAt(this.#unfinished, this.#place.home);
    makeFolder(this.#place.folder, modes);
    mkdirSync(this.#unfinished, { mode: modes.folder });
  }

  #to({ name }: CopiedFile): string {
    return join(this.#unfinished, this.#names.get(name) ?? name);
  }

  #refuseChanged({ from }: CopiedFile, before: ReturnType<typeof fileStamp>): void {
    const after = fileStamp(from);
    if (!before || !after || !isSameStamp(before, after)) throw changedMeanwhile(from);
  }
}

/** The source may be one that nobody writes to, or of a user that is not this one. */
function makeWritable(path: string, { home }: Place): void {
  const modes = modesAt(path, home);
  chmodSync(path, modes === AS_USUAL ? 0o644 : modes.file);
}

function freeName(folder: string, name: string): string {
  let free = join(folder, name);
  for (let i = 2; existsSync(free); i++) free = join(folder, `${name}-${i}`);
  return free;
}
