import type { FitJob, FitJobState } from '../contract/fit-job.ts';
import type { FitEvent } from '../contract/workers/compress.ts';
import { FitProgress, type StageWeights } from './fit-progress.ts';

/** The window is told of progress at most this often; a job's first and last word always pass. */
const TELL_MILLISECONDS = 200;
/** A job while it runs: gathers what the fit tells and passes it on, not too often. */
export class LiveFit {
  job: FitJob;
  readonly #tell: (job: FitJob) => void;
  readonly #progress: FitProgress;
  #toldAt = 0;

  constructor(job: FitJob, weights: StageWeights, tell: (job: FitJob) => void) {
    this.job = job;
    this.#progress = new FitProgress(weights, { resumed: job.share });
    this.#tell = tell;
  }

  tell(): FitJob {
    this.#toldAt = performance.now();
    this.#tell(this.job);
    return this.job;
  }

  see(event: FitEvent): void {
    const stageBefore = this.job.progress?.stage;
    this.job = { ...this.job, ...this.#changes(event) };
    const isNews = event.kind !== 'progress' || event.progress.stage !== stageBefore;
    if (isNews || performance.now() - this.#toldAt >= TELL_MILLISECONDS) this.tell();
  }

  #changes(event: FitEvent): Partial<FitJob> {
    switch (event.kind) {
      case 'progress':
        return { progress: event.progress, ...this.#progress.see(event.progress) };
      case 'layer': {
        const { kind: _, ...measured } = event;
        const others = this.job.entropies.filter(({ layer }) => layer !== measured.layer);
        return { entropies: [...others, measured].sort((a, b) => a.layer - b.layer) };
      }
      case 'expected':
        return {};
      case 'plan':
        return { lowLayers: event.low.length, low: event.low, layerRungs: event.layerRungs };
    }
  }

  end(state: FitJobState, outcome: Partial<FitJob>): void {
    const done = state === 'done' ? { share: 1, progress: null } : {};
    const endedAt = state === 'paused' ? null : new Date().toISOString();
    this.job = { ...this.job, ...outcome, ...done, state, secondsLeft: null, endedAt };
    this.tell();
  }
}
