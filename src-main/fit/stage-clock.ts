import type { OnProgress, Progress, Stage } from '../contract/progress.ts';

/** Seconds spent in each stage, told apart by the progress that passes through. */
export class StageClock {
  readonly #seconds = new Map<Stage, number>();
  #current: Stage;
  #since = performance.now();

  constructor(first: Stage) {
    this.#current = first;
  }

  enter(stage: Stage): void {
    const now = performance.now();
    this.#seconds.set(this.#current, (this.#seconds.get(this.#current) ?? 0) + (now - this.#since) / 1000);
    this.#current = stage;
    this.#since = now;
  }

  /** A progress listener that notices the stage and hands on. */
  watching(listener: OnProgress | undefined): OnProgress {
    return (progress: Progress) => {
      if (progress.stage !== this.#current) this.enter(progress.stage);
      listener?.(progress);
    };
  }

  timings(): Record<string, number> {
    this.enter(this.#current);
    return Object.fromEntries(this.#seconds);
  }
}
