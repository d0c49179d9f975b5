import type { AskedRounding, CalibratedWith, PlanKind } from '../contract/fit-request.ts';
import type { Stage } from '../contract/progress.ts';
import { tensorTypeId } from '../gguf/tensor-types.ts';
import type { KernelSpeed } from '../profile/probe.ts';

/** What a fit has before it, as far as its time depends on it. */
export interface ExpectedWork {
  readonly parameters: number;
  readonly threads: number;
  /** to calibrate with, at most */
  readonly tokens: number;
  readonly calibrated: boolean;
  readonly calibratedWith: CalibratedWith;
  /** how many times faster the products are than with the source */
  readonly calibrationGain: number;
  readonly kind: PlanKind;
  /** of a best plan */
  readonly trials: number;
  readonly rounding: AskedRounding;
  /** of this machine, as far as they were timed */
  readonly speeds: readonly KernelSpeed[];
}

export type ExpectedStages = Readonly<Partial<Record<Stage, number>>>;

// From bench/results/against-llama.cpp.json: 46 tokens per second through 4 layers of the 7B on two cores is 50 GFLOP/s a core; a layer
// of the 7B is quantized by ggml in 20 s to Q4_K and in 30 s to IQ1_M on two threads. Snug's own quantizers take a third to a seventh of
// that, where they run.
const SECONDS_PER_TOKEN_AND_PARAMETER = 4e-11;
const SECONDS_PER_QUANTIZED_PARAMETER = 2.1e-7;
const SECONDS_PER_WRITTEN_PARAMETER = 1e-8;
/** Of a calibration's time, what is not a product: attention, sums and samples. */
const BESIDE_PRODUCTS = 0.1;
/** Of the calibration's tokens, what the held-out part has. */
const HELD_OUT = 1 / 3;
/** Bytes of a Q4_K matrix multiplied per second and thread on the machine that the numbers above are of. */
const USUAL_BYTES_PER_SECOND = 7.8e9;
/** A kernel's speed says as much about other work, and no more. */
const MOST_SCALE = 4;
/** A walk over the layers, which sums up what goes into their matrices, as against a pass. */
const WALK_PER_PASS = 1.25;
/** Rounding with errors fed on as against plain rounding by ggml, at most: bench/feedback.ts layer. */
const FED_PER_PLAIN = 2;
/** Of a pass, what tensors' errors take: a quarter of the tokens with their inputs summed up, and samples rounded in every type. */
const ERRORS_PER_PASS = 0.5;
/** To time this machine's kernels, and to load and compare a model of whatever size. */
const SECONDS_TO_TIME = 30;
const SECONDS_PER_MODEL = 5;
/** LUQ's plan, three uniform ones and a type for every tensor. */
const BEST_MODELS = 5;

/** Seconds that each stage of a fit is expected to take at most: an estimate, from how fast this machine multiplies where that is known. */
export function expectedStages(work: ExpectedWork): ExpectedStages {
  const { parameters, threads, tokens, calibrated, kind, trials, rounding, speeds } = work;
  const scale = slowness(work) / threads;
  const pass = tokens * parameters * SECONDS_PER_TOKEN_AND_PARAMETER * scale;
  const check = HELD_OUT * pass;
  const quantize = parameters * SECONDS_PER_QUANTIZED_PARAMETER * scale;
  // errors are fed on in a walk of its own, in which each layer runs once more when it is quantized
  const fed = rounding !== 'plain' ? { quantize: (WALK_PER_PASS + 1) * pass + FED_PER_PLAIN * quantize } : {};
  const write = parameters * SECONDS_PER_WRITTEN_PARAMETER;
  const before: ExpectedStages = calibrated ? {} : { ...calibrating(work, pass), reference: HELD_OUT * pass };
  if (kind !== 'best') return { ...before, quantize, ...fed, assemble: write, check };
  const timing = speeds.length === 0 ? SECONDS_TO_TIME : 0;
  return {
    ...before,
    plan: timing + (trials > 0 ? ERRORS_PER_PASS * pass : 0),
    // what is written at the end is quantized to be measured, unless it is rounded in another way
    choose: (BEST_MODELS + trials) * (SECONDS_PER_MODEL + quantize + write + check),
    ...fed,
    assemble: write,
    check,
  };
}

function calibrating(
  { parameters, calibratedWith, calibrationGain }: ExpectedWork,
  pass: number,
): ExpectedStages {
  if (calibratedWith === 'source') return { calibrate: pass };
  return {
    convert: parameters * SECONDS_PER_WRITTEN_PARAMETER,
    calibrate: pass * (BESIDE_PRODUCTS + (1 - BESIDE_PRODUCTS) / calibrationGain),
  };
}

/** How many times slower than usual this machine multiplies; 1 where it was not timed. */
function slowness({ threads, speeds }: ExpectedWork): number {
  const type = tensorTypeId('Q4_K');
  const timed = speeds.filter((speed) => speed.type === type).map(({ bytesPerSecond }) => bytesPerSecond);
  if (timed.length === 0) return 1;
  const slower = (USUAL_BYTES_PER_SECOND * threads) / Math.max(...timed);
  return Math.min(MOST_SCALE, Math.max(1 / MOST_SCALE, slower));
}
