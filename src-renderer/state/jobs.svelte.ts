import type { FitJob } from '../../src-main/contract/fit-job.ts';
import type { Bridge } from '../bridge.ts';

/** Fits, newest first, as the main process tells of them. */
export class Jobs {
  readonly #bridge: Bridge;
  readonly #onEnd: (job: FitJob) => void;
  list: readonly FitJob[] = $state.raw([]);

  /** `onEnd` hears of each job that is done or failed, once, when that happens. */
  constructor(bridge: Bridge, onEnd: (job: FitJob) => void) {
    this.#bridge = bridge;
    this.#onEnd = onEnd;
  }

  async load(): Promise<void> {
    this.list = await this.#bridge.api.fits.list({});
  }

  /** The one at work; at most one is. */
  get running(): FitJob | null {
    return this.list.find((job) => job.state === 'running') ?? null;
  }

  latestOf(modelId: string | null): FitJob | null {
    return this.list.find((job) => job.modelId === modelId) ?? null;
  }

  take(job: FitJob): void {
    const before = this.list.find((one) => one.id === job.id);
    this.list = before ? this.list.map((one) => (one.id === job.id ? job : one)) : [job, ...this.list];
    const ended = job.state === 'done' || job.state === 'failed';
    if (ended && before?.state === 'running') this.#onEnd(job);
  }
}
