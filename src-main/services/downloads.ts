import { randomUUID } from 'node:crypto';
import type { Download, DownloadService, DownloadStart } from '../contract/downloads.ts';
import { isCancelled, toErrorData } from '../contract/errors.ts';
import type { DownloadRepository, StoredDownload } from '../store/downloads.ts';
import type { Activity } from './activity.ts';
import {
  downloadModel,
  type DownloadedModel,
  type DownloadEvent,
  type Downloading,
} from './downloads/download-model.ts';
import type { HubPort, Parts } from './downloads/hub-port.ts';
import { LiveDownload, viewOf } from './downloads/live.ts';
import type { UnfinishedDownloads } from './downloads/unfinished.ts';
import { waitAfterFailure } from './downloads/wait.ts';
import type { EventBus } from './event-bus.ts';
import type { ModelsFolder } from './folder.ts';

const TELL_MILLISECONDS = 250;
/** The bytes that are here are counted on disk: the store is for what is shown before that. */
const KEEP_MILLISECONDS = 5_000;

interface Running {
  readonly live: LiveDownload;
  readonly abort: AbortController;
  /** what it becomes when it is stopped; null where it leaves the list */
  stopAs: 'paused' | 'queued' | null;
  ended: Promise<void>;
}

export interface DownloadParts {
  readonly home: string;
  readonly downloads: DownloadRepository;
  readonly folder: Pick<ModelsFolder, 'current' | 'requireReady'>;
  readonly events: EventBus;
  readonly activity: Activity;
  /** the hub of the settings, with what goes with it */
  readonly openHub: () => HubPort;
  readonly parts: Parts;
  /** Takes a finished model into the library; returns its id there. */
  readonly keep: (model: DownloadedModel) => string;
  readonly unfinished: Pick<UnfinishedDownloads, 'delete'>;
  readonly freeBytes?: Downloading['freeBytes'];
}

/** Models from a hub: one at a time, each gone on with from what lies on disk. */
export class Downloads implements DownloadService {
  readonly #parts: DownloadParts;
  readonly #listening: Disposable;
  /** how those stand that the store had no room for */
  readonly #unsaved = new Map<string, StoredDownload>();
  #running: Running | undefined;
  #closed = false;
  #toldAt = -Infinity;
  #keptAt = -Infinity;
  #again: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(parts: DownloadParts) {
    this.#parts = parts;
    this.#listening = parts.events.listen((event) => {
      // what waited for a move's end
      if (event.name === 'folder.moving' && event.data === null) this.#next();
    });
  }

  /** At start: what ran when Snug ended, however it did, goes on; what was paused stays so. */
  goOn(): void {
    for (const stored of this.#all()) {
      if (['downloading', 'waiting', 'verifying'].includes(stored.state)) this.#queue(stored);
    }
    this.#next();
  }

  async start(start: DownloadStart): Promise<Download> {
    const same = this.#all().find((one) => isSame(one, start) && one.state !== 'done');
    if (same) return this.resume({ id: same.id });
    const stored: StoredDownload = {
      id: randomUUID(),
      name: start.name,
      repository: start.repository,
      revision: start.revision ?? 'main',
      commit: null,
      folder: null,
      licence: start.licence ?? null,
      expectedBytes: start.expected?.bytes ?? null,
      files: start.files.map((file) => ({ ...file, bytes: null, doneBytes: 0 })),
      state: 'queued',
      error: null,
      modelId: null,
      startedAt: new Date().toISOString(),
      endedAt: null,
    };
    // without a place in the store a download would not be found again: then it does not begin
    this.#save(stored);
    return this.#queued(stored.id);
  }

  async list(): Promise<readonly Download[]> {
    return this.#list();
  }

  #list(): Download[] {
    return this.#all().map((stored) => this.#viewOf(stored));
  }

  #viewOf(stored: StoredDownload): Download {
    const live = this.#running?.live;
    return live?.stored.id === stored.id ? live.view : viewOf(stored);
  }

  async pause({ id }: { id: string }): Promise<Download> {
    await this.#stop(id, 'paused');
    const stored = this.#get(id);
    if (stored.state === 'queued' || stored.state === 'waiting')
      this.#save({ ...stored, state: 'paused', error: null });
    this.#tell();
    return viewOf(this.#get(id));
  }

  async resume({ id }: { id: string }): Promise<Download> {
    const stored = this.#get(id);
    const isRunning = this.#running?.live.stored.id === id;
    if (!isRunning && ['paused', 'failed', 'waiting'].includes(stored.state)) this.#queue(stored);
    return this.#queued(id);
  }

  #queue(stored: StoredDownload): void {
    this.#save({ ...stored, state: 'queued', error: null, endedAt: null });
  }

  /** Begins with the next; says how this one stands. */
  #queued(id: string): Download {
    this.#failures = 0;
    this.#next();
    this.#tell();
    return this.#viewOf(this.#get(id));
  }

  async cancel({ id }: { id: string }): Promise<void> {
    await this.#stop(id, null);
    const stored = this.#get(id);
    this.#remove(id);
    if (stored.state !== 'done') this.#parts.unfinished.delete(stored);
    this.#tell();
    this.#next();
  }

  async clear({ id }: { id?: string | undefined }): Promise<void> {
    for (const stored of this.#all()) {
      if (stored.state === 'done' && (id ?? stored.id) === stored.id) this.#remove(stored.id);
    }
    this.#tell();
  }

  async #stop(id: string, as: Running['stopAs']): Promise<void> {
    const running = this.#running;
    if (running?.live.stored.id !== id) return;
    running.stopAs = as;
    running.abort.abort();
    await running.ended;
  }

  /** Runs the first that waits, unless one runs. */
  #next(): void {
    clearTimeout(this.#again);
    if (this.#running || this.#closed || this.#parts.activity.isUsed('move')) return;
    const stored = this.#all().find(({ state }) => state === 'queued');
    if (!stored) return;
    const live = new LiveDownload({ ...stored, state: 'downloading', error: null });
    const running: Running = {
      live,
      abort: new AbortController(),
      stopAs: 'paused',
      ended: Promise.resolve(),
    };
    this.#running = running;
    running.ended = this.#run(running);
  }

  async #run(running: Running): Promise<void> {
    const { live } = running;
    // a page that asks for a download hears that it began before anything of it
    await Promise.resolve();
    try {
      this.#keep(live);
      const model = await this.#download(running);
      this.#failures = 0;
      live.change({ state: 'done', modelId: this.#parts.keep(model), endedAt: new Date().toISOString() });
    } catch (error) {
      this.#failed(running, error);
    }
    this.#running = undefined;
    this.#keep(live);
    this.#tell();
    if (live.stored.state !== 'waiting') this.#next();
  }

  async #download({ live, abort }: Running): Promise<DownloadedModel> {
    const { home, folder, activity, openHub, parts, freeBytes } = this.#parts;
    folder.requireReady();
    using _use = activity.use('download');
    return await downloadModel(live.stored, {
      hub: openHub(),
      parts,
      home,
      freeBytes,
      modelsFolder: folder.current,
      signal: abort.signal,
      onEvent: (event) => this.#see(live, event),
    });
  }

  #see(live: LiveDownload, event: DownloadEvent): void {
    const now = performance.now();
    const isDue = now - this.#keptAt >= KEEP_MILLISECONDS;
    if (live.see(event) || isDue) this.#keep(live);
    if (event.kind !== 'bytes' || now - this.#toldAt >= TELL_MILLISECONDS) this.#tell();
  }

  #failed({ live, stopAs }: Running, error: unknown): void {
    if (isCancelled(error)) {
      live.change({ state: stopAs ?? 'paused', error: null });
      return;
    }
    const data = toErrorData(error);
    const wait = waitAfterFailure(error, ++this.#failures);
    if (wait === undefined) {
      this.#failures = 0;
      live.change({ state: 'failed', error: data, endedAt: new Date().toISOString() });
      return;
    }
    live.change({ state: 'waiting', error: data });
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#tryAgain(), wait);
    this.#again.unref();
  }

  #tryAgain(): void {
    for (const stored of this.#all()) if (stored.state === 'waiting') this.#queue(stored);
    this.#next();
  }

  /** Keeps how it stands; on a full disk it is told as it is, and counted on disk at the next start. */
  #keep(live: LiveDownload): void {
    this.#keptAt = performance.now();
    try {
      this.#save(live.stored);
    } catch (error) {
      if (live.stored.error === null) live.change({ error: toErrorData(error) });
      this.#unsaved.set(live.stored.id, live.stored);
    }
  }

  #save(stored: StoredDownload): void {
    this.#parts.downloads.save(stored);
    this.#unsaved.delete(stored.id);
  }

  #all(): readonly StoredDownload[] {
    return this.#parts.downloads.list().map((stored) => this.#unsaved.get(stored.id) ?? stored);
  }

  #get(id: string): StoredDownload {
    return this.#unsaved.get(id) ?? this.#parts.downloads.get(id);
  }

  #remove(id: string): void {
    this.#parts.downloads.remove(id);
    this.#unsaved.delete(id);
  }

  #tell(): void {
    this.#toldAt = performance.now();
    this.#parts.events.emit('downloads.changed', this.#list());
  }

  /** Stops the one that runs, which goes on when Snug is next started. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    this.#listening[Symbol.dispose]();
    const id = this.#running?.live.stored.id;
    if (id !== undefined) await this.#stop(id, 'queued');
  }
}

function isSame(one: StoredDownload, { repository, revision = 'main', files }: DownloadStart): boolean {
  const paths = (list: readonly { readonly path: string }[]) => list.map(({ path }) => path).join('\n');
  return one.repository === repository && one.revision === revision && paths(one.files) === paths(files);
}
