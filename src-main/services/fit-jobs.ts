import { randomUUID } from 'node:crypto';
import type { EventBus } from './event-bus.ts';
import { SnugError, isCancelled, toErrorData } from '../contract/errors.ts';
import type { FitJob, FitJobService, FitPreview, FitStart } from '../contract/fit-job.ts';
import type { FitReport } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { LaptopService } from '../contract/laptop.ts';
import type { FitService } from './fit-service.ts';
import type { FitJobRepository } from '../store/fit-jobs.ts';
import type { Activity } from './activity.ts';
import { FitPreviews } from './fit-previews.ts';
import { stageWeights } from './fit-progress.ts';
import { FitRequests } from './fit-requests.ts';
import { fitWarnings } from './fit-warnings.ts';
import type { ModelsFolder } from './folder.ts';
import type { Library } from './library.ts';
import { LiveFit } from './live-fit.ts';
import type { StoredSettings } from './settings.ts';
import { pictureAddress } from './sample-picture.ts';

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
  readonly #requests: FitRequests;
  readonly #previews: FitPreviews;
  readonly #events: EventBus;
  readonly #activity: Activity;
  #running: Running | undefined;

  constructor(options: {
    home: string;
    fits: FitService;
    jobs: FitJobRepository;
    library: Library;
    folder: Pick<ModelsFolder, 'current' | 'isOwn' | 'requireReady'>;
    laptop: LaptopService;
    settings: StoredSettings;
    events: EventBus;
    activity: Activity;
  }) {
    this.#home = options.home;
    this.#fits = options.fits;
    this.#jobs = options.jobs;
    this.#library = options.library;
    this.#folder = options.folder;
    this.#laptop = options.laptop;
    this.#requests = new FitRequests(options);
    this.#previews = new FitPreviews({ ...options, requests: this.#requests });
    this.#events = options.events;
    this.#activity = options.activity;
  }

  async preview(argument: Parameters<FitJobService['preview']>[0]): Promise<FitPreview> {
    return this.#previews.of(argument, this.#reports());
  }

  /** of the fits that ended well here, newest first */
  #reports(): FitReport[] {
    return this.#jobs.list().flatMap(({ report }) => (report ? [report] : []));
  }

  async warnings(start: FitStart): Promise<readonly string[]> {
    const { laptop } = await this.#laptop.read({});
    const { parameters } = this.#library.entry(start.modelId);
    return fitWarnings(start, laptop, { parameters, home: this.#home, isOwnFolder: this.#folder.isOwn });
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
    return this.#run(job, start);
  }

  #run(job: FitJob, start: FitStart): FitJob {
    this.#activity.refuseIfUsed('fit', 'another fit is running', {
      advice: 'Wait for it, or pause it; what it has done is kept.',
    });
    this.#folder.requireReady();
    const request: FitRequest = { ...this.#requests.of(start), budgetBytes: start.budgetBytes };
    const abort = new AbortController();
    const kind = start.plan ?? 'best';
    const alike = this.#reports().filter(({ plan }) => plan.kind === kind);
    const earlier = alike.map(({ timings }) => timings);
    // without a place in the store a fit would not be found again: then it does not begin
    this.#jobs.save(job, start);
    const live = new LiveFit(job, stageWeights(earlier, kind), (changed) => this.#tell(changed, start));
    const use = this.#activity.use('fit', request.modelPath);
    const ended = this.#work(live, request, abort.signal).finally(() => {
      this.#running = undefined;
      use[Symbol.dispose]();
    });
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
      await this.#activity.freeMemory().catch(() => undefined);
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

  async resume({ jobId }: { jobId: string }): Promise<FitJob> {
    const { job, start } = this.#jobs.get(jobId);
    if (job.state === 'running' || job.state === 'done') return job;
    return this.#run({ ...job, state: 'running', error: null, endedAt: null }, start);
  }

  async picture({ jobId, answer }: { jobId: string; answer: number }): Promise<string | null> {
    const path = this.#jobs.get(jobId).job.report?.answers[answer]?.picture ?? null;
    return path === null ? null : pictureAddress(path);
  }

  async list(): Promise<readonly FitJob[]> {
    return this.#jobs.list();
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
}
