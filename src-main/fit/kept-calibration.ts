import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CALIBRATED_WITH, type CalibratedWith } from '../contract/fit-request.ts';
import { readKept } from '../files/json-file.ts';
import { calibrationFiles, TEXT_SEQUENCE_TOKENS } from '../luq/calibrate/calibrate.ts';
import { SAMPLE_RULE } from '../luq/entropy/effort.ts';
import { layerEntropySchema } from '../luq/entropy/statistics.ts';
import { limitedTo, type ImageLimits } from '../models/image-limits.ts';
import type { ResolvedRequest } from './request.ts';
import type { Workspace } from './workspace.ts';

/** Larger pictures say little more about a layer and cost a lot of prompt; the chat's own limit stays what it is. */
const CALIBRATION_IMAGE_TOKENS = 1024;

/** Raised when the same settings give another calibration than before: other positions, another sample. */
const CALIBRATION_VERSION = 2;

const summarySchema = z.object({
  sequences: z.int(),
  tokens: z.int(),
  imageTokens: z.int(),
  sampledTokens: z.int(),
  leftOut: z.array(z.object({ path: z.string(), reason: z.string() })).default([]),
  entropies: z.array(layerEntropySchema),
});
export type CalibrationSummary = z.infer<typeof summarySchema>;

/** A model opened for calibrating or checking takes smaller pictures than a chat may. */
export function calibrationLimits(limits: ImageLimits): ImageLimits {
  return limitedTo(CALIBRATION_IMAGE_TOKENS, limits);
}

/** What a calibration is of. */
export interface CalibrationOf {
  readonly visionSha256: string | undefined;
  readonly request: Pick<ResolvedRequest, 'calibration' | 'imageLimits'>;
}

/** Names a calibration by everything its result depends on. */
export function calibrationKey(
  { visionSha256, request: { calibration, imageLimits } }: CalibrationOf,
  calibratedWith: CalibratedWith,
): string {
  const parts = [
    CALIBRATION_VERSION,
    calibration.set.id,
    visionSha256 ?? 'text only',
    calibrationLimits(imageLimits),
    calibration.alpha,
    calibration.seed,
    calibration.tokens,
    SAMPLE_RULE,
    TEXT_SEQUENCE_TOKENS,
    // nothing for the source: what earlier versions kept is found by its key
    ...(calibratedWith === 'source' ? [] : [calibratedWith]),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

export function summaryPath(folder: string, clusters: number): string {
  return join(folder, `summary-k${clusters}.json`);
}

/** What a finished calibration found; undefined when there is none. */
export function keptCalibration(folder: string, clusters: number): CalibrationSummary | undefined {
  return existsSync(recordedSourcePath(folder))
    ? readKept(summaryPath(folder, clusters), summarySchema)
    : undefined;
}

export function recordedSourcePath(folder: string): string {
  return join(folder, 'held-out.bin');
}

export interface FoundCalibration {
  readonly folder: string;
  readonly calibratedWith: CalibratedWith;
}

/** The calibrations of a source that would do, as far as their folders are there: those that are finished, then those begun. */
export function foundCalibrations(
  workspace: Workspace,
  of: CalibrationOf,
): { readonly finished: readonly FoundCalibration[]; readonly begun: readonly FoundCalibration[] } {
  const { through, clusters } = of.request.calibration;
  const all = (through === 'auto' ? CALIBRATED_WITH : [through]).map((calibratedWith) => ({
    calibratedWith,
    folder: workspace.calibration(calibrationKey(of, calibratedWith)),
  }));
  return {
    finished: all.filter(({ folder }) => keptCalibration(folder, clusters) !== undefined),
    begun: all.filter(({ folder }) => existsSync(calibrationFiles(folder).state)),
  };
}
