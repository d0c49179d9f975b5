import { createHash } from 'node:crypto';
import type { FitRequest, Ordering } from '../contract/fit-request.ts';
import type { ImageLimits } from '../models/image-limits.ts';
import { usableThreads } from '../profile/laptop.ts';
import {
  loadBuiltInCalibration,
  loadOwnCalibration,
  type CalibrationSet,
} from '../luq/calibrate/calibration-set.ts';
import {
  DEFAULT_ALPHA,
  DEFAULT_CALIBRATION_TOKENS,
  DEFAULT_SEED,
  SAMPLED_TOKENS,
  TEXT_SEQUENCE_TOKENS,
} from '../luq/calibrate/calibrate.ts';
import { CLUSTERS } from '../luq/entropy/entropy.ts';
import type { Rungs } from '../contract/rungs.ts';
import { DEFAULT_RUNGS } from '../luq/plan/rungs.ts';
import type { Source } from '../models/source.ts';

/** A request with every default filled in. */
export interface FitSettings {
  readonly rungs: Rungs;
  readonly ordering: Ordering;
  readonly contextTokens: number;
  readonly alpha: number;
  readonly seed: number;
  readonly clusters: number;
  readonly calibrationTokens: number;
  readonly calibrationSet: CalibrationSet;
  readonly threads: number;
}

/** Long enough for several pictures and questions; longer ones cost memory that the budget has to find. */
export const DEFAULT_CONTEXT_TOKENS = 4096;

export function settleRequest(
  request: FitRequest,
  trainingContextTokens: number,
  threads: number,
): FitSettings {
  return {
    rungs: request.rungs ?? DEFAULT_RUNGS,
    ordering: request.ordering ?? 'entropy',
    contextTokens: Math.min(request.contextTokens ?? DEFAULT_CONTEXT_TOKENS, trainingContextTokens),
    alpha: request.alpha ?? DEFAULT_ALPHA,
    seed: request.seed ?? DEFAULT_SEED,
    clusters: request.clusters ?? CLUSTERS,
    calibrationTokens: request.calibrationTokens ?? DEFAULT_CALIBRATION_TOKENS,
    calibrationSet: request.calibrationFolder
      ? loadOwnCalibration(request.calibrationFolder)
      : loadBuiltInCalibration(),
    threads: usableThreads(request.threads ?? threads),
  };
}

/** Larger pictures say little more about a layer and cost a lot of prompt; the chat's own limit stays what it is. */
const CALIBRATION_IMAGE_TOKENS = 1024;

/** A model opened for calibrating or checking takes smaller pictures than a chat may. */
export function calibrationLimits(limits: ImageLimits): ImageLimits {
  return {
    minTokens: Math.min(limits.minTokens, CALIBRATION_IMAGE_TOKENS),
    maxTokens: Math.min(limits.maxTokens, CALIBRATION_IMAGE_TOKENS),
  };
}

/** Names a calibration by everything its result depends on. */
export function calibrationKey(
  source: Pick<Source, 'visionSha256' | 'limits'>,
  settings: FitSettings,
): string {
  const parts = [
    settings.calibrationSet.id,
    source.visionSha256 ?? 'text only',
    calibrationLimits(source.limits),
    settings.alpha,
    settings.seed,
    settings.calibrationTokens,
    SAMPLED_TOKENS,
    TEXT_SEQUENCE_TOKENS,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
