import { isAbsolute, join, resolve } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { measuredFit } from '../contract/fit-report.ts';
import type { ExportedPair, ExportProgress, ExportService } from '../contract/export.ts';
import { exportedStem, exportPair } from '../export/export-pair.ts';
import { givenPath } from '../files/pasted-paths.ts';
import { readSidecar } from '../models/sidecar.ts';
import type { FitJobRepository } from '../store/fit-jobs.ts';
import type { Activity } from './activity.ts';
import type { EventBus } from './event-bus.ts';
import type { Library } from './library.ts';
import type { ModelReader } from './model-reader.ts';

/** The window hears how far it is at most this often. */
const TELL_MILLISECONDS = 100;

interface Parts {
  readonly library: Pick<Library, 'usable'>;
  readonly reader: Pick<ModelReader, 'pairFacts'>;
  readonly jobs: Pick<FitJobRepository, 'list'>;
  readonly activity: Activity;
  readonly events: EventBus;
}

/** Lets fitted models leave, one at a time. */
export class Exports implements ExportService {
  readonly #parts: Parts;
  #running: { readonly abort: AbortController; readonly ended: Promise<unknown> } | undefined;
  #progress: ExportProgress | null = null;
  #toldAt = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async running(): Promise<ExportProgress | null> {
    return this.#progress;
  }

  async write({ id, folder, replace = false }: Parameters<ExportService['write']>[0]): Promise<ExportedPair> {
    if (this.#running)
      throw new SnugError('BUSY', 'another model is being exported', {
        advice: 'Wait for it to end, or stop it.',
      });
    // files on their way to another folder are in neither place for a moment
    this.#parts.activity.refuseIfUsed('move', 'the models are being moved to another folder');
    const abort = new AbortController();
    const work = this.#write({ id, folder: checkedFolder(folder), replace }, abort.signal);
    this.#running = { abort, ended: work.catch(() => undefined) };
    try {
      return await work;
    } finally {
      this.#running = undefined;
      this.#tell(null);
    }
  }

  async #write(
    asked: { readonly id: string; readonly folder: string; readonly replace: boolean },
    signal: AbortSignal,
  ): Promise<ExportedPair> {
    const { id, replace } = asked;
    const { path, mmprojPath } = this.#parts.library.usable(id);
    const folder = join(asked.folder, exportedStem(path));
    using _use = this.#parts.activity.use('export', path);
    const tell = (done: number, total: number) => this.#tell({ modelId: id, folder, done, total });
    tell(0, 1);
    const facts = await this.#parts.reader.pairFacts({ path, mmprojPath: mmprojPath ?? null });
    const { measured = this.#measuredBefore(id), madeFrom } = readSidecar(path);
    const request = { ...{ modelPath: path, mmprojPath, folder, replace }, facts, measured, madeFrom };
    return exportPair(request, { signal, onProgress: tell });
  }

  /** Of a fit of an earlier Snug, which kept it with the fit alone. */
  #measuredBefore(modelId: string) {
    const report = this.#parts.jobs.list().find(({ outputId }) => outputId === modelId)?.report;
    return report ? measuredFit(report) : undefined;
  }

  async cancel(): Promise<void> {
    this.#running?.abort.abort();
    await this.#running?.ended;
  }

  #tell(progress: ExportProgress | null): void {
    this.#progress = progress;
    const now = performance.now();
    const isEnd = progress === null || progress.done === progress.total;
    if (!isEnd && now - this.#toldAt < TELL_MILLISECONDS) return;
    this.#toldAt = now;
    this.#parts.events.emit('exports.changed', progress);
  }

  async close(): Promise<void> {
    await this.cancel();
  }
}

function checkedFolder(typed: string): string {
  const folder = givenPath(typed.trim());
  if (isAbsolute(folder)) return resolve(folder);
  throw new SnugError('BAD_ARGUMENT', `“${typed}” is only part of a path`, { advice: 'Give the full path.' });
}
