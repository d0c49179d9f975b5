import { randomUUID } from 'node:crypto';
import type { EventBus } from './event-bus.ts';
import { SnugError, isCancelled, toErrorData } from '../contract/errors.ts';
import type { FitJob, FitJobService, FitPreview, FitStart, LayerEntropyView } from '../contract/fit-job.ts';
import type { FitReport } from '../contract/fit-report.ts';
import { pictureKind } from '../pictures/picture-kind.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import { batteryWarning, type LaptopService } from '../contract/laptop.ts';
import type { PlanPreview } from '../contract/workers/compress.ts';
import type { FitService } from './fit-service.ts';
import { outputPath } from '../fit/workspace.ts';
import { formatBytes } from '../contract/bytes.ts';
import { freeDiskBytes } from '../files/disk.ts';
import { readRegularFile } from '../files/regular-file.ts';
import type { FitJobRepository } from '../store/fit-jobs.ts';
import { stageWeights } from './fit-progress.ts';
import { expectedTime } from './fit-time.ts';
import type { ModelsFolder } from './folder.ts';
import type { Library } from './library.ts';
import { LiveFit } from './live-fit.ts';
import type { StoredSettings } from './settings.ts';
import { SharedWork, Turns } from './turns.ts';

/**
 * What a fit needs on disk, as shares of its F16 source: bank blocks of 4.5 and 1.75 bits (0.28 and 0.11) and the calibration, rounded up;
 * the result, all of it at 4.5 bits at most.
 */
const WORK_SHARE = 0.45;
const RESULT_SHARE = 0.3;

interface Running {
  readonly live: LiveFit;
  readonly abort: AbortController;
  /** what the job becomes when it is stopped */
  stopAs: 'paused' | 'cancelled';
  readonly ended: Promise<void>;
}

/** Fits as jobs that survive the app: one at a time, each resumable because all that is done lies on disk. */
export class FitJobs implements FitJobService {
  readonly #home: string;
  readonly #fits: FitService;
  readonly #jobs: FitJobRepository;
  readonly #library: Library;
  readonly #folder: Pick<ModelsFolder, 'current' | 'isOwn' | 'requireReady'>;
  readonly #laptop: LaptopService;
  readonly #settings: StoredSettings;
  readonly #events: EventBus;
  readonly #freeMemory: () => Promise<void>;
  #running: Running | undefined;
  readonly #previews = new SharedWork<PlanPreview>();
  /** each preview is a process of its own */
  readonly #previewing = new Turns();

  constructor(options: {
    home: string;
    fits: FitService;
    jobs: FitJobRepository;
    library: Library;
    folder: Pick<ModelsFolder, 'current' | 'isOwn' | 'requireReady'>;
    laptop: LaptopService;
    settings: StoredSettings;
    events: EventBus;
    /** takes a chat's model out of memory; throws BUSY while it answers */
    freeMemory: () => Promise<void>;
  }) {
    this.#home = options.home;
    this.#fits = options.fits;
    this.#jobs = options.jobs;
    this.#library = options.library;
    this.#folder = options.folder;
    this.#laptop = options.laptop;
    this.#settings = options.settings;
    this.#events = options.events;
    this.#freeMemory = options.freeMemory;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  async preview(argument: Parameters<FitJobService['preview']>[0]): Promise<FitPreview> {
    const { measure = false, ...asked } = argument;
    const request = this.#request(asked);
    const { calibration, savings, ...planned } = await this.#planned(request, measure);
    const { parameters } = this.#library.entry(argument.modelId);
    return {
      ...planned,
      modelId: argument.modelId,
      savings: savings.map(({ remedies, totalBytes }) => ({ remedies, totalBytes })),
      expectedTime: expectedTime(
        { parameters, calibrated: calibration !== undefined },
        this.#reports(),
        this.#settings.current.threads ?? undefined,
      ),
      calibration: calibration
        ? { order: calibration.order, entropies: calibration.entropies.map(layerView) }
        : null,
    };
  }

  /** of the fits that ended well here, newest first */
  #reports(): FitReport[] {
    return this.#jobs.list().flatMap(({ report }) => (report ? [report] : []));
  }

  #planned(request: Omit<FitRequest, 'budgetBytes'>, measure: boolean): Promise<PlanPreview> {
    return this.#previews.run(JSON.stringify([request, measure]), () =>
      this.#previewing.take(() => this.#fits.preview(request, measure)),
    );
  }

  async warnings(start: FitStart): Promise<readonly string[]> {
    const { laptop } = await this.#laptop.read({});
    const model = this.#library.entry(start.modelId);
    const battery = batteryWarning(laptop.power);
    const warnings = battery === null ? [] : [battery];
    const { availableBytes } = laptop.memory;
    if (start.budgetBytes > availableBytes) {
      warnings.push(
        `Only ${formatBytes(availableBytes)} of memory is free now. At the end the model is tried, which takes up to ${formatBytes(start.budgetBytes)}: close other programs first.`,
      );
    }
    return [...warnings, ...this.#diskWarnings(model.bytes, laptop.disk.freeBytes)];
  }

  #diskWarnings(sourceBytes: number, freeForModels: number): string[] {
    const warning = (where: string, free: number, needed: number) =>
      free >= needed
        ? []
        : [`Only ${formatBytes(free)} are free ${where}; this fit needs about ${formatBytes(needed)} there.`];
    const work = sourceBytes * WORK_SHARE;
    const result = sourceBytes * RESULT_SHARE;
    if (this.#folder.isOwn) return warning('where models are kept', freeForModels, work + result);
    return [
      ...warning('where Snug works', freeDiskBytes(this.#home), work),
      ...warning('where models are kept', freeForModels, result),
    ];
  }

  async start(start: FitStart): Promise<FitJob> {
    const model = this.#library.entry(start.modelId);
    const job: FitJob = {
      id: randomUUID(),
      modelId: start.modelId,
      modelName: model.name,
      budgetBytes: start.budgetBytes,
      contextTokens: start.contextTokens,
      state: 'running',
      progress: null,
      share: 0,
      secondsLeft: null,
      entropies: [],
      lowLayers: null,
      low: null,
      layerRungs: null,
      error: null,
      report: null,
      outputId: null,
      startedAt: new Date().toISOString(),
      endedAt: null,
    };
    return Promise.resolve(this.#run(job, start));
  }

  #run(job: FitJob, start: FitStart): FitJob {
    if (this.#running) {
      throw new SnugError('BUSY', 'another fit is running', {
        advice: 'Wait for it, or pause it; what it has done is kept.',
      });
    }
    this.#folder.requireReady();
    const request: FitRequest = { ...this.#request(start), budgetBytes: start.budgetBytes };
    const abort = new AbortController();
    const earlier = this.#reports().map(({ timings }) => timings);
    // without a place in the store a fit would not be found again: then it does not begin
    this.#jobs.save(job, start);
    const live = new LiveFit(job, stageWeights(earlier), (changed) => this.#tell(changed, start));
    const ended = this.#work(live, request, abort.signal).finally(() => (this.#running = undefined));
    this.#running = { live, abort, stopAs: 'paused', ended };
    return live.tell();
  }

  #tell(job: FitJob, start: FitStart): void {
    try {
      this.#jobs.save(job, start);
    } catch (error) {
      // The disk is full: thrown here, in the middle of a process's message, nobody would hear it. What is done lies on disk all the
      // same, and the next start finds the fit as interrupted.
      this.#events.emit('fits.changed', { ...job, error: job.error ?? toErrorData(error) });
      return;
    }
    this.#events.emit('fits.changed', job);
  }

  async #work(live: LiveFit, request: FitRequest, signal: AbortSignal): Promise<void> {
    try {
      // its memory is planned as if nothing else were loaded; an answer that is being given ends first
      await this.#freeMemory().catch(() => undefined);
      const report = await this.#fits.fit(request, { signal, onEvent: (event) => live.see(event) });
      const path = report.files.luq.path;
      const madeFrom = live.job.modelId;
      const output = path === null ? undefined : this.#library.register({ path, madeFrom });
      live.end('done', { report, outputId: output?.id ?? null });
    } catch (error) {
      if (isCancelled(error)) live.end(this.#running?.stopAs ?? 'paused', {});
      else live.end('failed', { error: toErrorData(error) });
    }
  }

  async pause({ jobId }: { jobId: string }): Promise<FitJob> {
    return this.#stop(jobId, 'paused');
  }

  async cancel({ jobId }: { jobId: string }): Promise<FitJob> {
    return this.#stop(jobId, 'cancelled');
  }

  async #stop(jobId: string, as: Running['stopAs']): Promise<FitJob> {
    const running = this.#running?.live.job.id === jobId ? this.#running : undefined;
    if (running) {
      running.stopAs = as;
      running.abort.abort();
      await running.ended;
    }
    const { job: stored, start } = this.#jobs.get(jobId);
    // the store may have had no room for its last word
    const job = running?.live.job ?? stored;
    if (as === 'cancelled' && (job.state === 'paused' || job.state === 'failed')) {
      const cancelled: FitJob = { ...job, state: 'cancelled', endedAt: new Date().toISOString() };
      this.#jobs.save(cancelled, start);
      this.#events.emit('fits.changed', cancelled);
      return cancelled;
    }
    return job;
  }

  resume({ jobId }: { jobId: string }): Promise<FitJob> {
    const { job, start } = this.#jobs.get(jobId);
    if (job.state === 'running' || job.state === 'done') return Promise.resolve(job);
    return Promise.resolve(this.#run({ ...job, state: 'running', error: null, endedAt: null }, start));
  }

  picture({ jobId, answer }: { jobId: string; answer: number }): Promise<string | null> {
    const path = this.#jobs.get(jobId).job.report?.answers[answer]?.picture ?? null;
    return Promise.resolve(path === null ? null : pictureAddress(path));
  }

  list(): Promise<readonly FitJob[]> {
    return Promise.resolve(this.#jobs.list());
  }

  /** Stops the running fit, which goes on when Snug is next started. */
  async close(): Promise<void> {
    if (!this.#running) return;
    const job = await this.#stop(this.#running.live.job.id, 'paused');
    // one that was killed is left running too, with its progress, and then waits to be resumed: it may be what ended Snug
    if (job.state === 'paused')
      this.#jobs.save({ ...job, state: 'running', progress: null }, this.#jobs.get(job.id).start);
  }

  /** At start: of those that were interrupted, the one that Snug was closed over goes on by itself. */
  async resumeClosed(interrupted: readonly FitJob[]): Promise<void> {
    const closed = interrupted.find(({ progress }) => progress === null);
    if (closed === undefined) return;
    try {
      await this.resume({ jobId: closed.id });
    } catch (error) {
      // its model or the folder of the models is gone: it stays paused, and says why when the person resumes it
      if (!(error instanceof SnugError)) throw error;
    }
  }

  #request(start: Omit<FitStart, 'budgetBytes'>): Omit<FitRequest, 'budgetBytes'> {
    const model = this.#library.usable(start.modelId);
    const { threads } = this.#settings.current;
    return {
      modelPath: model.path,
      home: this.#home,
      // two models of one name must not take each other's place; a refit replaces its own result
      output: outputPath(this.#folder.current, model.path, model.id.slice(0, 6)),
      contextTokens: start.contextTokens,
      ...(model.mmprojPath === undefined ? {} : { mmprojPath: model.mmprojPath }),
      ...(start.imageMaxTokens === undefined ? {} : { imageMaxTokens: start.imageMaxTokens }),
      ...(start.visionType === undefined ? {} : { visionType: start.visionType }),
      ...(start.calibrationFolder === undefined ? {} : { calibrationFolder: start.calibrationFolder }),
      ...(threads === null ? {} : { threads }),
      ...(start.compare === undefined ? {} : { compare: start.compare }),
      ...(start.ordering === undefined ? {} : { ordering: start.ordering }),
      ...(start.plan === undefined ? {} : { plan: start.plan }),
      ...(start.minAgreement === undefined ? {} : { minAgreement: start.minAgreement }),
    };
  }
}

/** A sample's picture is small; a large one of somebody's own folder is not worth the way to the window. */
const MOST_PICTURE_BYTES = 4 * 2 ** 20;
const SHOWN_KINDS = ['jpeg', 'png', 'webp'];

function pictureAddress(path: string): string | null {
  try {
    const bytes = readRegularFile(path, { mostBytes: MOST_PICTURE_BYTES });
    const kind = pictureKind(bytes);
    if (kind === undefined || !SHOWN_KINDS.includes(kind)) return null;
    return `data:image/${kind};base64,${bytes.toString('base64')}`;
  } catch {
    // moved or deleted since: the answer is shown without it
    return null;
  }
}

function layerView(
  entropy: { both: number; image: number | null; text: number | null },
  layer: number,
): LayerEntropyView {
  const { both, image, text } = entropy;
  return { layer, both, image, text };
}
