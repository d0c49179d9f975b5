import { wholeDivergence } from './additivity.ts';
import { mostProbable, type Linearised, type Posterior } from './least-squares.ts';
import type { CostOf } from './prior.ts';
import type { TrialModel } from './trial-model.ts';

/** A whole model that was measured. */
export interface Trial {
  /** tensor name → ggml type id; a tensor that is not named is as in the source */
  readonly types: ReadonlyMap<string, number>;
  /** mean KL divergence from the source, in nats */
  readonly nats: number;
  readonly standardError?: number | undefined;
}

/** Of the logarithm: what a sum of parts cannot say of a whole, on the model that the interaction was fitted on. */
const MODEL_DEVIATION = 0.06;
/** Nats by which any two runs differ. */
const LEAST_ERROR = 2e-4;
/** From so many standard deviations on, a trial pulls no harder: one that went wrong must not outweigh the others (Huber). */
const MOST_PULL = 3;

/** What is known after trials. */
export interface Sharpened {
  /** nats that tensors add, never below zero */
  readonly costs: CostOf;
  /** the divergence of a whole model whose tensors' costs add up to `sum`, both in nats */
  readonly whole: (sum: number) => number;
  readonly posterior: Posterior;
  /** trials that said nothing, as their divergence was not a number above zero */
  readonly ignored: number;
}

/** Standard deviation of the logarithm of a measured divergence around what the model says of it. */
export function logDeviation({ nats, standardError = 0 }: Pick<Trial, 'nats' | 'standardError'>): number {
  return Math.hypot(MODEL_DEVIATION, standardError / nats, LEAST_ERROR / nats);
}

/** The most probable costs after these trials, which are those before where there is none. */
export function sharpen(model: TrialModel, trials: readonly Trial[]): Sharpened {
  const said = trials.flatMap((trial) => {
    const isMeasured = Number.isFinite(trial.nats) && trial.nats > 0;
    const cells = isMeasured ? model.cells(trial.types) : [];
    // of a trial in which everything is as in the source, nothing can be learnt
    if (cells.length === 0) return [];
    const error = Number.isFinite(trial.standardError ?? 0) ? trial.standardError : undefined;
    return [
      {
        cells,
        log: Math.log(trial.nats),
        deviation: logDeviation({ nats: trial.nats, standardError: error }),
      },
    ];
  });
  const posterior = mostProbable(model.beliefs, (parameters) => {
    const lines = said.map(({ cells, log, deviation }) => {
      const { logNats, slopes } = model.predicted(cells, parameters);
      return pulled(
        (logNats - log) / deviation,
        slopes.map((slope) => slope / deviation),
      );
    });
    return {
      residuals: lines.map(({ residual }) => residual),
      jacobian: lines.map(({ slopes }) => slopes),
    } satisfies Linearised;
  });
  const interaction = model.interactionWith(posterior.parameters);
  return {
    costs: model.costsWith(posterior.parameters),
    whole: (sum) => wholeDivergence(sum, interaction),
    posterior,
    ignored: trials.length - said.length,
  };
}

/** A residual whose square grows in proportion to it beyond MOST_PULL. */
function pulled(residual: number, slopes: number[]): { residual: number; slopes: readonly number[] } {
  const size = Math.abs(residual);
  if (size <= MOST_PULL) return { residual, slopes };
  const root = Math.sqrt(MOST_PULL * (2 * size - MOST_PULL));
  return { residual: Math.sign(residual) * root, slopes: slopes.map((slope) => (slope * MOST_PULL) / root) };
}
