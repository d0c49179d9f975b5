import { InvalidArgumentError, Option, type Command } from 'commander';
import { fewerThreadsNote, shorterContextNote } from '../chat/opening-notes.ts';
import { SnugError } from '../contract/errors.ts';
import {
  fitRequestSchema,
  MOST_TRIALS,
  ORDERINGS,
  PLAN_KINDS,
  ASKED_ROUNDINGS,
  CALIBRATE_WITH,
  type FitRequest,
  type PlanKind,
  type AskedRounding,
  type CalibrateWith,
} from '../contract/fit-request.ts';
import { parseBytes } from '../contract/bytes.ts';
import { DEFAULT_CONTEXT_TOKENS, LEAST_CONTEXT_TOKENS } from '../contract/token-limits.ts';
import { DEFAULT_ALPHA, DEFAULT_CALIBRATION_TOKENS, DEFAULT_SEED } from '../luq/calibrate/calibrate.ts';
import { DEFAULT_TRIALS } from '../fit/request.ts';
import { CLUSTERS } from '../luq/entropy/entropy.ts';
import { usableThreads } from '../profile/laptop.ts';
import { parseOrdering } from '../luq/entropy/orders.ts';
import { DEFAULT_RUNGS, parseFileType, parseRungs } from '../luq/plan/rungs.ts';
import { snugHome } from '../home.ts';
import { readTextModel } from '../models/model-file.ts';
import { mmprojFor } from './chosen-model.ts';
import { givenModel, optionalFile } from './given-files.ts';
import { showNote } from './terminal.ts';

/** A commander option parser for whole numbers. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    return value;
  };
}

/** The same up to a number, that one included. */
export function wholeNumberUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > most)
      throw new InvalidArgumentError(`It must be a whole number from 0 to ${most}.`);
    return value;
  };
}

export const contextTokens = wholeNumber(LEAST_CONTEXT_TOKENS);

/** A commander option parser for numbers, both ends included. */
export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(`It must lie between ${least} and ${most}.`);
    return value;
  };
}

const fraction = numberBetween(0, 1);

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

export interface FitFlags {
  readonly mmproj?: string;
  readonly budget?: string;
  readonly layers?: number;
  readonly rungs?: string;
  readonly plan?: PlanKind;
  readonly type?: string;
  readonly trials?: number;
  readonly minSpeed?: number;
  readonly order?: string;
  readonly rounding?: AskedRounding;
  readonly maxKld?: number;
  readonly minAgreement?: number;
  readonly context?: number;
  readonly alpha?: number;
  readonly seed?: number;
  readonly clusters?: number;
  readonly calibration?: string;
  readonly calibrationTokens?: number;
  readonly calibrateWith?: CalibrateWith;
  readonly imageTokens?: number;
  readonly vision?: string;
  readonly threads?: number;
  readonly output?: string;
  readonly compare?: boolean;
  readonly json?: boolean;
}

/** A commander option parser for how a plan is chosen. */
function planKind(text: string): PlanKind {
  const found = PLAN_KINDS.find((kind) => kind === text);
  if (found) return found;
  // what earlier versions called it stands in exported files
  if (text === 'paper') return 'luq';
  throw new InvalidArgumentError(
    text === 'auto'
      ? 'It is called best now, and is the default.'
      : `Choose from ${PLAN_KINDS.join(', ')}. A file type is given apart: --plan uniform --type IQ3_M.`,
  );
}

/** The options that fit and demo share. */
export function addFitOptions(command: Command): Command {
  addPlanOptions(command)
    .addOption(
      new Option(
        '--rounding <how>',
        'plain: the bytes that llama-quantize writes (default); fed: each weight makes good what those before it got wrong, which takes longer; auto: whichever of both is measured to be nearer to the original',
      ).choices(ASKED_ROUNDINGS),
    )
    .option(
      '--max-kld <nats>',
      'refuse a plan whose mean KL divergence from the source is larger',
      positiveNumber,
    )
    .option(
      '--min-agreement <share>',
      'refuse a plan that prefers another token than the source more often (0.9: at one of ten positions)',
      fraction,
    )
    .option('--vision <type>', 'store the vision file in 8 bits: Q8_0');
  return addCalibrationOptions(command);
}

/** What is planned for, and how. */
function addPlanOptions(command: Command): Command {
  return command
    .option(
      '--budget <amount>',
      'memory the model may take in all (4GiB, 3.5 GB); default: what this laptop can spare',
    )
    .option(
      '--layers <k>',
      'send exactly this many layers to the low rung instead of fitting a budget',
      wholeNumber(0),
    )
    .option(
      '--plan <kind>',
      'best: measure several plans that fit and take the nearest to the source (default); luq: the paper’s, low layers by entropy; uniform: one file type',
      planKind,
    )
    .option(
      '--type <name>',
      'the file type of a uniform plan, as in --plan uniform --type IQ3_M (default: the largest that fits)',
    )
    .option(
      '--trials <n>',
      `of a best plan: measure so many whole models first, to know its tensors better (up to ${MOST_TRIALS}, default ${DEFAULT_TRIALS}; each takes as long as a fit)`,
      wholeNumberUpTo(MOST_TRIALS),
    )
    .option(
      '--min-speed <n>',
      'of a best plan: at least so many tokens per second, as predicted',
      positiveNumber,
    )
    .option(
      '--order <name>',
      `the order in which layers go low: ${ORDERINGS.join(', ')} (default: the model’s own, else entropy)`,
    );
}

/** The options of everything that calibrates and measures. */
export function addCalibrationOptions(command: Command): Command {
  return command
    .option(
      '--rungs <high,low>',
      `the two llama.cpp file types to choose between (default ${DEFAULT_RUNGS.high},${DEFAULT_RUNGS.low})`,
    )
    .option(
      '--context <tokens>',
      `context length to plan for (default ${DEFAULT_CONTEXT_TOKENS})`,
      contextTokens,
    )
    .option(
      '--alpha <share>',
      `share of calibration tokens from picture sequences (default ${DEFAULT_ALPHA})`,
      fraction,
    )
    .option('--seed <number>', `seed of sampling and clustering (default ${DEFAULT_SEED})`, wholeNumber(0))
    .option('--clusters <K>', `clusters for the entropy (default ${CLUSTERS})`, wholeNumber(2))
    .option('--calibration <folder>', 'calibrate on your own pictures; they stay where they are')
    .option(
      '--calibration-tokens <n>',
      `most tokens to calibrate with (default ${DEFAULT_CALIBRATION_TOKENS})`,
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--calibrate-with <what>',
        'source: the model as it is; q8_0: a copy in Q8_0, which is dropped afterwards; auto: the copy where it is faster on this machine (default)',
      ).choices(CALIBRATE_WITH),
    )
    .option('--image-tokens <n>', 'most tokens a picture may take, kept with the model', wholeNumber(1))
    .option('--threads <n>', 'threads to compute with (default: one per fast core)', wholeNumber(1));
}

/** What the kinds of plans do not share. */
function checkPlanFlags({ plan, layers, type, trials, minSpeed, order, rungs }: FitFlags): void {
  const exclusive = (flag: string, advice: string): SnugError =>
    new SnugError('BAD_ARGUMENT', `--plan ${plan ?? 'best'} and ${flag} exclude each other`, { advice });
  const isOther = (kind: PlanKind) => plan !== undefined && plan !== kind;
  if (layers !== undefined && isOther('luq'))
    throw exclusive('--layers', `${plan} chooses for a budget: give it one with --budget.`);
  if (type !== undefined && isOther('uniform'))
    throw exclusive('--type', 'One file type for the whole model is --plan uniform.');
  const isPaper = order !== undefined || rungs !== undefined || layers !== undefined;
  const isBest = plan === 'best' || (plan === undefined && type === undefined && !isPaper);
  if (!isBest && (trials !== undefined || minSpeed !== undefined)) {
    throw new SnugError('BAD_ARGUMENT', '--trials and --min-speed are of the best plan alone', {
      advice: 'Leave them out, or ask for --plan best.',
    });
  }
}

/** A request from the command line; throws BAD_ARGUMENT for what commander cannot see. */
export function fitRequest(modelPath: string, flags: FitFlags): FitRequest {
  if (flags.budget !== undefined && flags.layers !== undefined) {
    throw new SnugError('BAD_ARGUMENT', '--budget and --layers exclude each other', {
      advice: 'Give one of them.',
    });
  }
  if (flags.vision !== undefined && flags.vision.toUpperCase() !== 'Q8_0') {
    throw new SnugError('BAD_ARGUMENT', `--vision takes Q8_0, not ${flags.vision}`);
  }
  checkPlanFlags(flags);
  const path = givenModel(modelPath);
  const text = readTextModel(path);
  showNote(shorterContextNote(flags.context, text.trainingContextTokens));
  showNote(fewerThreadsNote(flags.threads, usableThreads(flags.threads ?? 1)));
  const mmprojPath = mmprojFor(text, flags.mmproj, true);
  const entries = Object.entries({
    modelPath: path,
    mmprojPath,
    home: snugHome(),
    output: optionalFile(flags.output),
    budgetBytes: flags.budget === undefined ? undefined : parseBytes(flags.budget),
    lowLayers: flags.layers,
    rungs: flags.rungs === undefined ? undefined : parseRungs(flags.rungs),
    plan: flags.plan,
    fileType: flags.type === undefined ? undefined : parseFileType(flags.type),
    trials: flags.trials,
    minTokensPerSecond: flags.minSpeed,
    ordering: flags.order === undefined ? undefined : parseOrdering(flags.order),
    rounding: flags.rounding,
    maxKld: flags.maxKld,
    minAgreement: flags.minAgreement,
    contextTokens: flags.context,
    alpha: flags.alpha,
    seed: flags.seed,
    clusters: flags.clusters,
    calibrationFolder: optionalFile(flags.calibration),
    calibrationTokens: flags.calibrationTokens,
    calibrateWith: flags.calibrateWith,
    imageMaxTokens: flags.imageTokens,
    visionType: flags.vision?.toUpperCase(),
    threads: flags.threads,
    compare: flags.compare,
  });
  return fitRequestSchema.parse(Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
}
