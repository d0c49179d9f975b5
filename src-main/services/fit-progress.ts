import type { PlanKind } from '../contract/fit-request.ts';
import { STAGES, type Progress, type Stage } from '../contract/progress.ts';

/** How long stages take beside each other, in seconds or any other unit. */
export type StageWeights = Readonly<Record<Stage, number>>;

/**
 * Guesses, not measurements, until a fit has ended on this machine; used only to weigh the stages still to come: the one that runs is
 * measured.
 */
const GUESSED: StageWeights = {
  profile: 0.5,
  hash: 2,
  // only where it pays, and then a small share of the calibration
  convert: 0,
  load: 1,
  calibrate: 30,
  entropy: 6,
  reference: 4,
  plan: 1,
  // fits of the nearest plan quantize and check several whole models here
  choose: 0,
  quantize: 41,
  assemble: 4,
  check: 6,
  measure: 4.5,
};
/** Calibrating less than this many seconds means that an earlier run's measurements were used. */
const WHOLE_FIT_SECONDS = 1;

/** Of the nearest plan: what is written was quantized when it was tried. */
const GUESSED_BEST: StageWeights = { ...GUESSED, choose: 280, quantize: 0.1 };

/**
 * The weights that fits of a kind of plan had on this machine, from their seconds per stage, newest first; the guesses where none did all
 * of the work.
 */
export function stageWeights(
  fits: readonly Readonly<Partial<Record<Stage, number>>>[],
  kind: PlanKind,
): StageWeights {
  const main = kind === 'best' ? 'choose' : 'quantize';
  const whole = fits.find(
    ({ calibrate = 0, [main]: worked = 0 }) => calibrate > WHOLE_FIT_SECONDS && worked > WHOLE_FIT_SECONDS,
  );
  if (!whole) return kind === 'best' ? GUESSED_BEST : GUESSED;
  return { ...GUESSED, ...Object.fromEntries(STAGES.map((stage) => [stage, whole[stage] ?? 0])) };
}

/** Below this share the throughput says nothing yet. */
const LEAST_SHARE = 0.02;
/** A stage that passes more quickly found its work done, and says nothing about the pace. */
const WORKING_SECONDS = 1;
/** Over so many seconds what is shown follows a new estimate: a number that jumps says nothing. */
const SMOOTHING_SECONDS = 8;

/** Turns the progress of stages into one share and a time left, from the pace of what this run itself does. */
export class FitProgress {
  readonly #weights: StageWeights;
  readonly #whole: number;
  readonly #now: () => number;
  /** what an earlier run had reached passes at once */
  readonly #resumed: number;
  #reached: number;
  #counted: { share: number; at: number } | undefined;
  #stage: { name: Stage; began: number } | undefined;
  #told: { seconds: number; at: number } | undefined;

  constructor(weights: StageWeights = GUESSED, options: { now?: () => number; resumed?: number } = {}) {
    this.#weights = weights;
    this.#whole = STAGES.reduce((sum, stage) => sum + weights[stage], 0);
    this.#now = options.now ?? (() => performance.now());
    this.#resumed = options.resumed ?? 0;
    this.#reached = this.#resumed;
  }

  see(progress: Progress): { share: number; secondsLeft: number | null } {
    const now = this.#now() / 1000;
    const before = STAGES.slice(0, STAGES.indexOf(progress.stage)).reduce(
      (sum, stage) => sum + this.#weights[stage],
      0,
    );
    const within = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
    // the plan is looked at twice; a share never goes back
    this.#reached = Math.max(this.#reached, (before + within * this.#weights[progress.stage]) / this.#whole);
    this.#count(progress.stage, now);
    return { share: this.#reached, secondsLeft: this.#left(now) };
  }

  /** Counting begins where this run's own work does: behind what was done before. */
  #count(stage: Stage, now: number): void {
    const foundDone = this.#stage !== undefined && now - this.#stage.began < WORKING_SECONDS;
    if (this.#stage?.name !== stage) {
      if (foundDone) this.#counted = undefined;
      this.#stage = { name: stage, began: now };
    }
    if (this.#reached > this.#resumed || this.#resumed === 0)
      this.#counted ??= { share: this.#reached, at: now };
  }

  #unknown(): null {
    this.#told = undefined;
    return null;
  }

  #left(now: number): number | null {
    if (this.#counted === undefined) return this.#unknown();
    const done = this.#reached - this.#counted.share;
    if (done < LEAST_SHARE) return this.#unknown();
    const estimated = ((now - this.#counted.at) / done) * (1 - this.#reached);
    const { seconds, at } = this.#told ?? { seconds: estimated, at: now };
    const expected = Math.max(0, seconds - (now - at));
    const trust = 1 - Math.exp(-(now - at) / SMOOTHING_SECONDS);
    this.#told = { seconds: expected + trust * (estimated - expected), at: now };
    return this.#told.seconds;
  }
}
