import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isCancelled, SnugError } from '../contract/errors.ts';
import type { CheckProgress, Verification } from '../contract/verification.ts';
import { fileStamp } from '../files/file-stamp.ts';
import { statsOf } from '../files/stats.ts';
import { readSidecar, sidecarOf, sidecarPath } from '../models/sidecar.ts';
import type { ModelRepository, ModelRow } from '../store/models.ts';
import type { WholeFileHasher } from './hashing/whole-files.ts';
import type { DescribedModels } from './described-models.ts';
import type { EventBus } from './event-bus.ts';
import { likelyFolders, lookForModel, type FoundModelFiles } from './look-for-model.ts';
import { carrySidecar, deleteSidecar, repoint } from './move/files.ts';
import { verifyFiles } from './verify-files.ts';

const TELL_MILLISECONDS = 200;

interface ChecksOptions {
  readonly models: ModelRepository;
  readonly described: DescribedModels;
  readonly hasher: WholeFileHasher;
  readonly events: EventBus;
  /** where Snug keeps its models now */
  readonly modelsFolder: () => string;
}

/** Reads models' files whole: whether they hold what they held, and where they went. One check a model at a time. */
export class ModelChecks {
  readonly #options: ChecksOptions;
  readonly #running = new Map<
    string,
    { readonly abort: AbortController; readonly ended: Promise<unknown> }
  >();

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  /** Compares all files of a model that is there. */
  async verify(row: ModelRow): Promise<Verification> {
    const { described, hasher } = this.#options;
    const paths = [
      ...described.files(row),
      ...(described.known(row)?.mmproj ? [described.known(row)?.mmproj?.path ?? ''] : []),
    ];
    const totalBytes = paths.reduce((sum, path) => sum + (statsOf(path)?.size ?? 0), 0);
    return this.#run(row.id, async (signal, tell) =>
      verifyFiles({ paths, source: sidecarOf(row.path).source }, hasher, {
        signal,
        onBytes: (doneBytes) => tell({ id: row.id, kind: 'verify', doneBytes, totalBytes }),
      }),
    );
  }

  /** Looks for a model whose file is gone, and follows it; throws FILE when it is not found. */
  async lookFor(row: ModelRow, folder: string | undefined): Promise<void> {
    const { described, hasher, modelsFolder } = this.#options;
    const paths = described.files(row);
    const mmprojPath = mmprojOf(row);
    const isBlind = mmprojPath !== undefined && !existsSync(mmprojPath);
    const missing = { paths, mmprojPath: isBlind ? mmprojPath : undefined };
    const folders = folder === undefined ? likelyFolders(row.path, modelsFolder()) : [folder];
    this.#insistItIsKnown(paths, row);
    const found = await this.#run(row.id, async (signal, tell) =>
      lookForModel(missing, folders, hasher, {
        signal,
        onBytes: (doneBytes, totalBytes) => tell({ id: row.id, kind: 'search', doneBytes, totalBytes }),
      }),
    );
    if (!found) throw notFound(row, folders);
    this.#follow(row, paths, mmprojPath, found);
  }

  /** A file that another was written over is compared with what it holds from now on. */
  noteRewritten(path: string): void {
    using known = this.#options.hasher.openKnown();
    const [noted, stamp] = [known.noted(path), fileStamp(path)];
    if (noted && (noted.bytes !== stamp?.bytes || noted.modified !== stamp.modified)) known.noteAnew(path);
  }

  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.abort.abort();
    await running?.ended;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  async #run<Result>(
    id: string,
    work: (signal: AbortSignal, tell: (progress: CheckProgress) => void) => Promise<Result>,
  ): Promise<Result> {
    if (this.#running.has(id))
      throw new SnugError('BUSY', 'the files of this model are being read already', {
        advice: 'Wait for it to end, or stop it.',
      });
    const abort = new AbortController();
    let toldAt = -Infinity;
    const result = work(abort.signal, (progress) => {
      if (performance.now() - toldAt < TELL_MILLISECONDS) return;
      toldAt = performance.now();
      this.#options.events.emit('library.checking', progress);
    });
    const ended = result.catch((error: unknown) => isCancelled(error));
    this.#running.set(id, { abort, ended });
    return result.finally(() => this.#running.delete(id));
  }

  /** Without its content nothing tells one file from another of its size. */
  #insistItIsKnown(paths: readonly string[], row: ModelRow): void {
    using known = this.#options.hasher.openKnown();
    if (paths.every((path) => known.noted(path))) return;
    throw new SnugError('FILE', `nothing is known of what ${basename(row.path)} held`, {
      advice: 'It went before Snug could read it whole. Add it again from where it is now.',
    });
  }

  /** The library follows a model to where it lies now, its vision file and companion file with it. */
  #follow(
    row: ModelRow,
    paths: readonly string[],
    mmprojPath: string | undefined,
    found: FoundModelFiles,
  ): void {
    const { models, hasher } = this.#options;
    const [from, to] = [row.path, found.path];
    const there = models.findByPath(to);
    // it was added from there meanwhile, and both are one model
    if (there && there.id !== row.id) models.merge(there.id, row.id);
    if (!existsSync(sidecarPath(to)) && existsSync(sidecarPath(from))) {
      carrySidecar({ from, to, bytes: 0 });
      deleteSidecar(from);
    }
    repoint(models, from, to);
    if (mmprojPath !== undefined && found.mmprojPath !== undefined)
      repoint(models, mmprojPath, found.mmprojPath);
    using known = hasher.openKnown();
    for (const path of paths) known.forget(path);
  }
}

/** The vision file of a model that is not read yet; throws where its sidecar is broken. */
export function presentMmproj(row: ModelRow): string | undefined {
  const path = row.mmprojPath ?? readSidecar(row.path).mmproj;
  return path !== undefined && existsSync(path) ? path : undefined;
}

function mmprojOf(row: ModelRow): string | undefined {
  return row.mmprojPath ?? sidecarOf(row.path).mmproj;
}

function notFound(row: ModelRow, folders: readonly string[]): SnugError {
  return new SnugError('FILE', `${basename(row.path)} was not found in ${folders.join(', ')}`, {
    advice: `Its files are told by what they hold, whatever they are called. Connect the disk that they are on, or choose the folder where they lie; before, they lay in ${dirname(row.path)}.`,
  });
}

export function noVisionFile(name: string, modelPath: string): SnugError {
  return new SnugError('FILE', `no vision file that fits ${name} lies in ${dirname(modelPath)}`, {
    advice: 'Look for a file called mmproj-….gguf where the model came from, and put it beside the model.',
    remedies: [{ kind: 'add-vision-file' }],
  });
}
