import type { Budget, Laptop } from '../contract/fit-report.ts';
import type {
  AskedRounding,
  CalibrateWith,
  FitRequest,
  Ordering,
  PlanKind,
} from '../contract/fit-request.ts';
import type { Rung, Rungs } from '../contract/rungs.ts';
import { DEFAULT_CONTEXT_TOKENS } from '../contract/token-limits.ts';
import { modelsFolder } from '../home.ts';
import { DEFAULT_ALPHA, DEFAULT_CALIBRATION_TOKENS, DEFAULT_SEED } from '../luq/calibrate/calibrate.ts';
import {
  loadBuiltInCalibration,
  loadModelCalibration,
  loadOwnCalibration,
  type CalibrationSet,
} from '../luq/calibrate/calibration-set.ts';
import { CLUSTERS } from '../luq/entropy/entropy.ts';
import { isFloatType, tensorTypeId } from '../gguf/tensor-types.ts';
import type { MemoryBudget } from '../luq/plan/does-not-fit.ts';
import { DEFAULT_RUNGS } from '../luq/plan/rungs.ts';
import { imageLimits, limitsIn, narrowedNote, type ImageLimits } from '../models/image-limits.ts';
import { calibrationFolderOf, readSidecar, sidecarPath } from '../models/sidecar.ts';
import type { ReadSource } from '../models/source.ts';
import { memoryLimits, recommendBudget } from '../profile/budget.ts';
import { computeThreads, usableThreads } from '../profile/laptop.ts';
import { outputPath } from './workspace.ts';

/** What a fit is asked to do, settled in every detail: all that comes later looks here and nowhere else. */
export interface ResolvedRequest {
  readonly modelPath: string;
  readonly mmprojPath: string | undefined;
  readonly home: string;
  readonly output: {
    readonly path: string;
    /** under a name of its own making a fit replaces no other model */
    readonly chosen: boolean;
  };
  readonly budget: AgreedBudget;
  /** k, where it was given in place of a budget */
  readonly lowLayers: number | undefined;
  readonly plan: PlanChoice;
  readonly quality: QualityLimits;
  readonly rungs: Rungs;
  readonly rounding: AskedRounding;
  readonly contextTokens: number;
  /** how many tokens a picture may take */
  readonly imageLimits: ImageLimits;
  /** how the vision encoder is to be stored; as it is when undefined */
  readonly visionType: 'Q8_0' | undefined;
  readonly calibration: CalibrationSettings;
  readonly threads: number;
  /** also the model with every layer on the high rung, to be measured beside the result */
  readonly writesAllHigh: boolean;
  /** what could not be had as it was asked for, for the person */
  readonly notes: readonly string[];
}

/** The budget, and what this laptop could give at most. */
type AgreedBudget = Budget & MemoryBudget;

/** How a plan comes about. */
interface PlanChoice {
  readonly kind: PlanKind;
  /** that LUQ takes layers in */
  readonly ordering: Ordering;
  /** of a uniform plan; the largest that fits when undefined */
  readonly fileType: Rung | undefined;
  /** of the best plan: how many whole models sharpen what is known of the tensors */
  readonly trials: number;
  /** of the best plan: how fast it is predicted to be, at least */
  readonly minTokensPerSecond: number | undefined;
}

/** What a person may ask of the quality: both hold about pictures and on text. */
export interface QualityLimits {
  /** nats */
  readonly maxKld?: number | undefined;
  /** share of positions, 0 to 1 */
  readonly minAgreement?: number | undefined;
}

export interface CalibrationSettings {
  readonly set: CalibrationSet;
  /** share of tokens from picture sequences */
  readonly alpha: number;
  /** of sampling and clustering, and of a random order */
  readonly seed: number;
  readonly clusters: number;
  /** most tokens to calibrate with */
  readonly tokens: number;
  /** what goes through the layers */
  readonly through: CalibrateWith;
}

/** @throws SnugError BAD_ARGUMENT for what does not suit the model, NO_CALIBRATION for a folder with nothing to calibrate on */
export function resolveRequest(
  request: FitRequest,
  source: ReadSource,
  laptop: Pick<Laptop, 'cpu' | 'memory'>,
): ResolvedRequest {
  const { mmprojPath, home, output, contextTokens: wanted = DEFAULT_CONTEXT_TOKENS } = request;
  const modelPath = source.text.path;
  const contextTokens = Math.min(wanted, source.text.trainingContextTokens);
  const asked = imageLimits(source.text, source.vision, request.imageMaxTokens);
  const limits = source.vision ? limitsIn(contextTokens, asked) : asked;
  return {
    modelPath,
    mmprojPath,
    home,
    output: { path: output ?? outputPath(modelsFolder(home), source.text), chosen: output !== undefined },
    budget: agreeBudget(laptop, request.budgetBytes),
    lowLayers: request.lowLayers,
    plan: choosePlan(request, modelPath),
    quality: { maxKld: request.maxKld, minAgreement: request.minAgreement },
    rungs: request.rungs ?? DEFAULT_RUNGS,
    rounding: request.rounding ?? 'plain',
    contextTokens,
    imageLimits: limits,
    visionType: source.vision && request.visionType,
    calibration: resolveCalibration(request, source),
    threads: usableThreads(request.threads ?? computeThreads(laptop.cpu)),
    writesAllHigh: request.compare ?? false,
    notes: limits.maxTokens < asked.maxTokens ? [narrowedNote(contextTokens, limits, asked)] : [],
  };
}

/** Each takes a compression and a check of the whole model. */
export const DEFAULT_TRIALS = 2;

function choosePlan(request: FitRequest, modelPath: string): PlanChoice {
  const { fileType, trials = DEFAULT_TRIALS, minTokensPerSecond, ordering } = request;
  return {
    kind: request.plan ?? impliedKind(request),
    ordering: ordering ?? readSidecar(modelPath).ordering ?? 'entropy',
    fileType,
    trials,
    minTokensPerSecond,
  };
}

/** What only one kind has says it where nothing else does: windows of earlier versions asked for the paper’s plan by its order alone. */
function impliedKind({ fileType, ordering, rungs, lowLayers }: FitRequest): PlanKind {
  if (fileType !== undefined) return 'uniform';
  const isLuq = ordering !== undefined || rungs !== undefined || lowLayers !== undefined;
  return isLuq ? 'luq' : 'best';
}

function resolveCalibration(request: FitRequest, { text }: ReadSource): CalibrationSettings {
  const { alpha, seed, clusters, calibrationTokens, calibrationFolder, calibrateWith } = request;
  const usual = usualCalibration(text.path);
  return {
    set: calibrationFolder ? loadOwnCalibration(calibrationFolder, usual) : usual,
    alpha: alpha ?? DEFAULT_ALPHA,
    seed: seed ?? DEFAULT_SEED,
    clusters: clusters ?? CLUSTERS,
    tokens: calibrationTokens ?? DEFAULT_CALIBRATION_TOKENS,
    // a quantized source is about as small and as quick as the copy would be
    through: isFloatType(tensorTypeId(text.weightType)) ? (calibrateWith ?? 'auto') : 'source',
  };
}

/** The set that the model brings, which is of the world it knows; else the built-in one. */
export function usualCalibration(modelPath: string): CalibrationSet {
  const folder = calibrationFolderOf(modelPath);
  return folder === undefined
    ? loadBuiltInCalibration()
    : loadModelCalibration(folder, sidecarPath(modelPath));
}

function agreeBudget(laptop: Pick<Laptop, 'memory'>, chosenBytes: number | undefined): AgreedBudget {
  const { mostBytes } = memoryLimits(laptop.memory);
  if (chosenBytes === undefined) return { ...recommendBudget(laptop.memory), mostBytes };
  return { bytes: chosenBytes, source: 'chosen', reasoning: [], mostBytes };
}
