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
  load: 1,
  calibrate: 30,
  entropy: 6,
  reference: 4,
  plan: 1,
  // only fits that measure plans have it, and none knows how many in advance
  choose: 0,
  quantize: 41,
  assemble: 4,
  check: 6,
  measure: 4.5,
};
/** Calibrating less than this many seconds means that an earlier run's measurements were used. */
const WHOLE_FIT_SECONDS = 1;

/** The weights that fits on this machine had, from their seconds per stage, newest first; the guesses where none did all of the work. */
export function stageWeights(fits: readonly Readonly<Partial<Record<Stage, number>>>[]): StageWeights {
  const whole = fits.find(
    ({ calibrate = 0, quantize = 0 }) => calibrate > WHOLE_FIT_SECONDS && quantize > WHOLE_FIT_SECONDS,
  );
  if (!whole) return GUESSED;
  return { ...GUESSED, ...Object.fromEntries(STAGES.map((stage) => [stage, whole[stage] ?? 0])) };
}

/** Below this share the throughput says nothing yet. */
const LEAST_SHARE = 0.02;

/** Turns the progress of stages into one share and a time left, from the pace of this run. */
export class FitProgress {
  readonly #weights: StageWeights;
  readonly #whole: number;
  readonly #now: () => number;
  #reached = 0;
  /** share at which this run began: what an earlier one had done passes at once and says nothing about the pace */
  #counted: { share: number; at: number } | undefined;

  constructor(weights: StageWeights = GUESSED, now: () => number = () => performance.now()) {
    this.#weights = weights;
    this.#whole = STAGES.reduce((sum, stage) => sum + weights[stage], 0);
    this.#now = now;
  }

  see(progress: Progress): { share: number; secondsLeft: number | null } {
    const before = STAGES.slice(0, STAGES.indexOf(progress.stage)).reduce(
      (sum, stage) => sum + this.#weights[stage],
      0,
    );
    const within = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
    // the plan is looked at twice; a share never goes back
    this.#reached = Math.max(this.#reached, (before + within * this.#weights[progress.stage]) / this.#whole);
    const now = this.#now();
    this.#counted ??= { share: this.#reached, at: now };
    const done = this.#reached - this.#counted.share;
    const elapsed = (now - this.#counted.at) / 1000;
    const secondsLeft = done < LEAST_SHARE ? null : (elapsed / done) * (1 - this.#reached);
    return { share: this.#reached, secondsLeft };
  }
}
