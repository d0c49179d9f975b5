import type { ExpectedTime } from '../contract/fit-job.ts';
import type { FitReport } from '../contract/fit-report.ts';
import type { Stage } from '../contract/progress.ts';
import { expectedStages, type ExpectedWork } from '../fit/expected-stages.ts';
import { DEFAULT_TRIALS } from '../fit/request.ts';
import { DEFAULT_CALIBRATION_TOKENS } from '../luq/calibrate/calibrate.ts';

/** What a fit of a calibrated model still has to do. */
const AFTER_CALIBRATION: readonly Stage[] = ['plan', 'choose', 'quantize', 'assemble', 'check', 'measure'];
const CALIBRATION: readonly Stage[] = ['hash', 'convert', 'load', 'calibrate', 'entropy', 'reference'];

/** What takes as long for any model: pictures, clusters, starting processes. */
const LEAST_SECONDS = 45;

/** Of a model so many times smaller other things take the time: nothing follows for this one. */
const MOST_TIMES = 10;

export type Earlier = Pick<FitReport, 'timings' | 'model'> & {
  readonly plan: Pick<FitReport['plan'], 'kind'>;
};

/** Until a fit has ended here, how long one takes is a guess. */
type Work = Pick<ExpectedWork, 'parameters' | 'calibrated' | 'kind' | 'threads'>;

/** How long a fit of a model will take, by an earlier one on this machine, newest first, where there is one. */
export function expectedTime(work: Work, earlier: readonly Earlier[]): ExpectedTime {
  const alike = earlier.filter(({ plan }) => plan.kind === work.kind);
  const after = measured(AFTER_CALIBRATION, work.kind === 'best' ? 'choose' : 'quantize', work, alike);
  const before = work.calibrated ? 0 : measured(CALIBRATION, 'calibrate', work, earlier);
  if (after !== undefined && before !== undefined) return { seconds: before + after, measured: true };
  const stages = expectedStages({
    ...work,
    threads: Math.max(1, work.threads),
    tokens: DEFAULT_CALIBRATION_TOKENS,
    trials: DEFAULT_TRIALS,
    rounding: 'plain',
    // whether a copy is faster is timed as a fit begins
    ...{ calibratedWith: 'source', calibrationGain: 1 },
    speeds: [],
  });
  return { seconds: Object.values(stages).reduce((sum, one) => sum + one, LEAST_SECONDS), measured: false };
}

/** Seconds that these stages take, from the newest fit that did their work and did not find it done. */
function measured(
  stages: readonly Stage[],
  main: Stage,
  { parameters }: { readonly parameters: number },
  earlier: readonly Earlier[],
): number | undefined {
  const alike = earlier.filter(({ model }) => parameters < MOST_TIMES * model.parameters);
  // of a small model no stage takes long, and it still says how long one that is no larger takes
  const fit =
    alike.find(({ timings }) => (timings[main] ?? 0) > 1) ??
    alike.find(({ model }) => model.parameters >= parameters);
  if (fit === undefined) return undefined;
  const seconds = stages.reduce((sum, stage) => sum + (fit.timings[stage] ?? 0), 0);
  // what a stage takes grows as the model does
  return seconds * (parameters / fit.model.parameters);
}
