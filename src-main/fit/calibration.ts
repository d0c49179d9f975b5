import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { CalibrationReport } from '../contract/fit-report.ts';
import type { OnProgress } from '../contract/progress.ts';
import type { Addon } from '../engine/native-types.ts';
import { readKept } from '../files/json-file.ts';
import { mostPixels } from '../models/image-limits.ts';
import {
  calibrate,
  calibrationFiles,
  planSample,
  SAMPLED_TOKENS,
  selectSequences,
  TEXT_SEQUENCE_TOKENS,
} from '../luq/calibrate/calibrate.ts';
import {
  layerEntropySchema,
  measureEntropies,
  orderStability,
  type LayerEntropy,
} from '../luq/entropy/entropy.ts';
import { calibrationKey, calibrationLimits, type FitSettings } from './settings.ts';
import { recordSource } from '../luq/quality/held-out.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { readImatrix, type Imatrix } from '../gguf/imatrix.ts';
import { openModel, type OpenModel } from '../models/open-model.ts';
import { staysMapped } from '../luq/plan/loaded-weights.ts';
import {
  namedReasons,
  planSequences,
  type LeftOutFile,
  type PlannedSequence,
} from '../luq/calibrate/sequences.ts';
import type { Source } from '../models/source.ts';
import type { Workspace } from './workspace.ts';

/** Sequences longer than this are left out; a picture with its questions stays well below. */
const LONGEST_SEQUENCE_TOKENS = 2048;
/** Tokens per batch, and per batch when the model does not fit the RAM and is read from disk for each one. */
const BATCH_TOKENS = 1024;
const STREAMING_BATCH_TOKENS = 4096;
/** A source above this share of the RAM does not stay in the page cache beside the rest. */
const STREAMING_SHARE = 0.7;

export interface CalibrationStep {
  readonly addon: Addon;
  readonly source: Source;
  readonly settings: FitSettings;
  readonly workspace: Workspace;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onLayer?: ((layer: number, entropy: LayerEntropy) => void) | undefined;
}

export interface Calibrated {
  readonly imatrix: Imatrix;
  readonly imatrixPath: string;
  readonly entropies: readonly LayerEntropy[];
  readonly report: CalibrationReport;
  /** what the source says at the held-out positions */
  readonly recordedSource: string;
  readonly warnings: readonly string[];
}

const summarySchema = z.object({
  sequences: z.int(),
  tokens: z.int(),
  imageTokens: z.int(),
  sampledTokens: z.int(),
  leftOut: z.array(z.object({ path: z.string(), reason: z.string() })).default([]),
  entropies: z.array(layerEntropySchema),
});
type Summary = z.infer<typeof summarySchema>;

/** Calibration, entropy and the source's answers to the held-out part: all that needs the source in memory. */
export async function calibrateSource(step: CalibrationStep): Promise<Calibrated> {
  const { source, settings, workspace } = step;
  const folder = workspace.calibration(calibrationKey(source, settings));
  // one calibration serves every budget: with the summary written the source need not be loaded again
  const kept = keptCalibration(folder, settings);
  const reused = kept !== undefined;
  const summary = kept ?? (await runCalibration(step, folder));
  const files = calibrationFiles(folder);
  const { entropies, leftOut, ...counts } = summary;
  if (reused) entropies.forEach((entropy, layer) => step.onLayer?.(layer, entropy));
  const { alpha, seed, clusters, calibrationSet } = settings;
  return {
    imatrix: readImatrix(files.imatrix),
    imatrixPath: files.imatrix,
    entropies,
    recordedSource: recordedSourcePath(folder),
    warnings: leftOutWarnings(leftOut),
    report: {
      set: calibrationSet.name,
      alpha: source.vision ? alpha : 0,
      seed,
      clusters,
      ...counts,
      stability: orderStability(entropies),
      reused,
    },
  };
}

function leftOutWarnings(leftOut: readonly LeftOutFile[]): string[] {
  if (leftOut.length === 0) return [];
  const kind = leftOut.some(({ path }) => /\.txt$/i.test(path)) ? 'file' : 'picture';
  const files = leftOut.length === 1 ? `1 ${kind} was` : `${leftOut.length} ${kind}s were`;
  return [`${files} left out of the calibration: ${namedReasons(leftOut)}`];
}

function summaryPath(folder: string, settings: Pick<FitSettings, 'clusters'>): string {
  return join(folder, `summary-k${settings.clusters}.json`);
}

/** What a finished calibration found; undefined when there is none. */
export function keptCalibration(
  folder: string,
  settings: Pick<FitSettings, 'clusters'>,
): Summary | undefined {
  return existsSync(recordedSourcePath(folder))
    ? readKept(summaryPath(folder, settings), summarySchema)
    : undefined;
}

function recordedSourcePath(folder: string): string {
  return join(folder, 'held-out.bin');
}

/** Sequences of a set as one model sees them. */
export function sequencesFor(
  model: OpenModel,
  source: Pick<Source, 'text' | 'vision' | 'limits'>,
  settings: FitSettings,
  heldOut: boolean,
  onLeftOut?: (leftOut: LeftOutFile) => void,
): Promise<PlannedSequence[]> {
  return planSequences(settings.calibrationSet, {
    model,
    text: source.text,
    maxPixels: mostPixels(source.vision, calibrationLimits(source.limits)),
    heldOut,
    textTokens: Math.min(TEXT_SEQUENCE_TOKENS, source.text.trainingContextTokens),
    longest: LONGEST_SEQUENCE_TOKENS,
    onLeftOut,
  });
}

async function runCalibration(step: CalibrationStep, folder: string): Promise<Summary> {
  const { addon, source, settings, signal, onProgress } = step;
  using model = await openModel(addon, {
    path: source.text.path,
    mmprojPath: source.vision?.path,
    limits: calibrationLimits(source.limits),
    threads: settings.threads,
    mapped: staysMapped(source.text),
    signal,
    onProgress,
  });
  const leftOut: LeftOutFile[] = [];
  const planned = await sequencesFor(model, source, settings, false, (one) => leftOut.push(one));
  const selection = selectSequences(planned, {
    alpha: settings.alpha,
    tokens: settings.calibrationTokens,
    seed: settings.seed,
  });
  const sample = planSample(selection, SAMPLED_TOKENS, settings.seed);
  const longest = selection.sequences.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  const streams = source.text.gguf.fileBytes > totalmem() * STREAMING_SHARE;
  await calibrate({
    addon,
    model,
    selection,
    sample,
    folder,
    datasetName: settings.calibrationSet.name,
    batchTokens: Math.max(longest, streams ? STREAMING_BATCH_TOKENS : BATCH_TOKENS),
    threads: settings.threads,
    signal,
    onProgress,
  });
  const entropies = await measureEntropies({
    ...step,
    samplePath: calibrationFiles(folder).sample,
    isImage: sample.isImage,
    layers: source.text.layers,
    embeddingLength: source.text.embeddingLength,
    folder,
    seed: settings.seed,
    clusters: settings.clusters,
    threads: settings.threads,
  });
  const heldOut = await sequencesFor(model, source, settings, true);
  const { threads } = settings;
  await recordSource(model, recordedSourcePath(folder), heldOut, {
    addon,
    threads,
    signal,
    onProgress,
    withAnswers: !streams,
  });
  const summary = {
    sequences: selection.sequences.length,
    tokens: selection.tokens,
    imageTokens: selection.imageTokens,
    sampledTokens: sample.isImage.length,
    leftOut,
    entropies,
  };
  writeFileAtomically(summaryPath(folder, settings), JSON.stringify(summary));
  return summary;
}
