import type { ExpectedTime } from '../contract/fit-job.ts';
import type { FitReport } from '../contract/fit-report.ts';
import type { Stage } from '../contract/progress.ts';
import { DEFAULT_CALIBRATION_TOKENS } from '../luq/calibrate/calibrate.ts';

/** What a fit of a calibrated model still has to do. */
const AFTER_CALIBRATION: readonly Stage[] = ['plan', 'quantize', 'assemble', 'check', 'measure'];
const CALIBRATION: readonly Stage[] = ['hash', 'load', 'calibrate', 'entropy', 'reference'];

// Until a fit has ended here, from bench/results/against-llama.cpp.json: 46 tokens per second through 4 layers of the 7B on two cores is
// 50 GFLOP/s a core, and the source is quantized at 40 MB/s a core, at half of that where most layers go ultra-low.
const SECONDS_PER_TOKEN_AND_PARAMETER = 4e-11;
const SECONDS_PER_PARAMETER = 2 / 20e6;
/** The calibration set passes once; held-out parts pass the source and the result. */
const PASSES = 1.5;
/** What takes as long for any model: pictures, clusters, starting processes. */
const LEAST_SECONDS = 45;

/** Of a model so many times smaller other things take the time: nothing follows for this one. */
const MOST_TIMES = 10;

type Earlier = Pick<FitReport, 'timings' | 'model'>;

/**
 * How long a fit of a model will take, by an earlier one on this machine, newest first, where there is one.
 * `threads`: those it computes with.
 */
export function expectedTime(
  model: { readonly parameters: number; readonly calibrated: boolean },
  earlier: readonly Earlier[],
  threads: number,
): ExpectedTime {
  const after = measured(AFTER_CALIBRATION, 'quantize', model, earlier);
  const before = model.calibrated ? 0 : measured(CALIBRATION, 'calibrate', model, earlier);
  if (after !== undefined && before !== undefined) return { seconds: before + after, measured: true };
  const passing = model.calibrated
    ? 0
    : PASSES * DEFAULT_CALIBRATION_TOKENS * model.parameters * SECONDS_PER_TOKEN_AND_PARAMETER;
  const quantizing = model.parameters * SECONDS_PER_PARAMETER;
  return { seconds: LEAST_SECONDS + (passing + quantizing) / Math.max(1, threads), measured: false };
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
