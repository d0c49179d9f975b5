import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import type { Bridge } from '../../bridge/bridge.ts';

/** Fits, newest first, as the main process tells of them. */
export class Jobs {
  readonly #bridge: Bridge;
  readonly #onEnd: (job: FitJob) => void;
  list: readonly FitJob[] = $state.raw([]);
  /** ended while another page was looked at */
  unseen: FitJob | null = $state.raw(null);

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

  /** A paused one waits to be resumed: it is not forgotten on other pages. */
  get unfinished(): FitJob | null {
    return (
      this.running ??
      this.list.find((job) => job.state === 'paused' && this.latestOf(job.modelId) === job) ??
      null
    );
  }

  /** The newest fit of a model; a cancelled one is as if it had not been. */
  latestOf(modelId: string | null): FitJob | null {
    return this.list.find((job) => job.modelId === modelId && job.state !== 'cancelled') ?? null;
  }

  take(job: FitJob): void {
    const before = this.list.find((one) => one.id === job.id);
    this.list = before ? this.list.map((one) => (one.id === job.id ? job : one)) : [job, ...this.list];
    const ended = job.state === 'done' || job.state === 'failed';
    if (ended && before?.state === 'running') this.#onEnd(job);
  }
}
