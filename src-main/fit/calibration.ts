import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { CalibrationReport, EntropyBits } from '../contract/fit-report.ts';
import { readKept } from '../files/json-file.ts';
import { limitedTo, type ImageLimits } from '../models/image-limits.ts';
import { PictureScale } from '../prompt/picture-scale.ts';
import {
  calibrate,
  calibrationFiles,
  planSample,
  selectSequences,
  TEXT_SEQUENCE_TOKENS,
  type CalibrationSelection,
  type SamplePlan,
} from '../luq/calibrate/calibrate.ts';
import { SAMPLE_RULE, sampledTokens, sampleDimensions, SEEDS } from '../luq/entropy/effort.ts';
import { measureEntropies } from '../luq/entropy/entropy.ts';
import {
  bitsOf,
  bitsOfLayers,
  layerEntropySchema,
  orderStability,
  type LayerEntropy,
} from '../luq/entropy/statistics.ts';
import { layerOf, type TextModel } from '../models/model-file.ts';
import type { FitContext } from './context.ts';
import { recordSource } from '../luq/quality/held-out.ts';
import { writeFileAtomically } from '../files/durable-files.ts';
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
import type { ResolvedRequest } from './request.ts';

/** Sequences longer than this are left out; a picture with its questions stays well below. */
const LONGEST_SEQUENCE_TOKENS = 2048;
/** Tokens per batch, and per batch when the model does not fit the RAM and is read from disk for each one. */
export const BATCH_TOKENS = 1024;
const STREAMING_BATCH_TOKENS = 4096;
/** A source above this share of the RAM does not stay in the page cache beside the rest. */
const STREAMING_SHARE = 0.7;

/** Larger pictures say little more about a layer and cost a lot of prompt; the chat's own limit stays what it is. */
const CALIBRATION_IMAGE_TOKENS = 1024;

/** Raised when the same settings give another calibration than before: other positions, another sample. */
const CALIBRATION_VERSION = 2;

export type OnLayer = (layer: number, entropy: EntropyBits) => void;

export interface Calibrated {
  readonly imatrix: Imatrix;
  readonly imatrixPath: string;
  /** [layers] */
  readonly entropies: readonly EntropyBits[];
  /** of both kinds of tokens [layers] */
  readonly entropyBits: readonly number[];
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

/** A model opened for calibrating or checking takes smaller pictures than a chat may. */
export function calibrationLimits(limits: ImageLimits): ImageLimits {
  return limitedTo(CALIBRATION_IMAGE_TOKENS, limits);
}

/** Names a calibration by everything its result depends on. */
export function calibrationKey(
  visionSha256: string | undefined,
  { calibration, imageLimits }: Pick<ResolvedRequest, 'calibration' | 'imageLimits'>,
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
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** Calibration, entropy and the source's answers to the held-out part: all that needs the source in memory. */
export async function calibrateSource(context: FitContext, onLayer?: OnLayer): Promise<Calibrated> {
  const { source, request, workspace } = context;
  const { alpha, seed, clusters, set } = request.calibration;
  const folder = workspace.calibration(calibrationKey(source.visionSha256, request));
  // one calibration serves every budget: with the summary written the source need not be loaded again
  const kept = keptCalibration(folder, clusters);
  const reused = kept !== undefined;
  const summary = kept ?? (await runCalibration(context, folder, onLayer));
  const files = calibrationFiles(folder);
  const { entropies: measured, leftOut, ...counts } = summary;
  const entropies = bitsOfLayers(measured);
  if (reused) entropies.forEach((entropy, layer) => onLayer?.(layer, entropy));
  return {
    imatrix: readImatrix(files.imatrix),
    imatrixPath: files.imatrix,
    entropies,
    entropyBits: entropies.map(({ both }) => both),
    recordedSource: recordedSourcePath(folder),
    warnings: leftOutWarnings(leftOut),
    report: {
      set: set.name,
      alpha: source.vision ? alpha : 0,
      seed,
      clusters,
      seeds: SEEDS,
      ...counts,
      stability: orderStability(measured),
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

function summaryPath(folder: string, clusters: number): string {
  return join(folder, `summary-k${clusters}.json`);
}

/** What a finished calibration found; undefined when there is none. */
export function keptCalibration(folder: string, clusters: number): Summary | undefined {
  return existsSync(recordedSourcePath(folder))
    ? readKept(summaryPath(folder, clusters), summarySchema)
    : undefined;
}

function recordedSourcePath(folder: string): string {
  return join(folder, 'held-out.bin');
}

/** Whose sequences, and how they are made. */
export interface Sequenced {
  readonly source: Pick<Source, 'text' | 'vision'>;
  readonly request: Pick<ResolvedRequest, 'calibration' | 'imageLimits'>;
}

/** Sequences of a set as one model sees them. */
export function sequencesFor(
  model: OpenModel,
  { source, request }: Sequenced,
  heldOut: boolean,
  onLeftOut?: (leftOut: LeftOutFile) => void,
): Promise<PlannedSequence[]> {
  const { text, vision } = source;
  const limits = calibrationLimits(request.imageLimits);
  const scale = new PictureScale(model, vision, limits);
  return planSequences(request.calibration.set, {
    model,
    text,
    sizeOf: (original) => scale.within(original, limits.maxTokens),
    heldOut,
    textTokens: Math.min(TEXT_SEQUENCE_TOKENS, text.trainingContextTokens),
    longest: LONGEST_SEQUENCE_TOKENS,
    onLeftOut,
  });
}

/** The source as calibrating takes it: with pictures of a moderate size. */
export function openToCalibrate({
  addon,
  source,
  request,
  signal,
  onProgress,
}: Omit<FitContext, 'workspace'>): Promise<OpenModel> {
  return openModel(addon, {
    path: source.text.path,
    mmprojPath: source.vision?.path,
    limits: calibrationLimits(request.imageLimits),
    threads: request.threads,
    mapped: staysMapped(source.text),
    signal,
    onProgress,
  });
}

async function runCalibration(
  context: FitContext,
  folder: string,
  onLayer: OnLayer | undefined,
): Promise<Summary> {
  const { addon, source, request, signal, onProgress } = context;
  const { text } = source;
  const { threads, calibration } = request;
  const { alpha, tokens, seed, clusters } = calibration;
  using model = await openToCalibrate(context);
  const leftOut: LeftOutFile[] = [];
  const planned = await sequencesFor(model, context, false, (one) => leftOut.push(one));
  const selection = selectSequences(planned, { alpha, tokens, seed });
  const sample = planSample(selection, { ...sampleOf(text, selection.tokens), seed });
  const streams = text.gguf.fileBytes > totalmem() * STREAMING_SHARE;
  await runSelection(model, context, { folder, selection, sample, streams });
  const entropies = await entropiesOf(context, { folder, sample, onLayer });
  const heldOut = await sequencesFor(model, context, true);
  const options = { addon, threads, signal, onProgress, withAnswers: !streams };
  await recordSource(model, recordedSourcePath(folder), heldOut, options);
  const summary = {
    sequences: selection.sequences.length,
    tokens: selection.tokens,
    imageTokens: selection.imageTokens,
    sampledTokens: sample.isImage.length,
    leftOut,
    entropies,
  };
  writeFileAtomically(summaryPath(folder, clusters), JSON.stringify(summary));
  return summary;
}

/** How many tokens of a calibration are sampled, and in how many dimensions. */
function sampleOf({ gguf, layers, embeddingLength }: TextModel, tokens: number) {
  const layerWeights = gguf.tensors
    .filter(({ name }) => layerOf(name) !== undefined)
    .reduce((sum, { elements }) => sum + elements, 0);
  return {
    size: sampledTokens({ tokens, layers, embeddingLength, layerWeights }),
    dimensions: sampleDimensions(embeddingLength),
  };
}

interface Pass {
  readonly folder: string;
  readonly selection: CalibrationSelection;
  readonly sample: SamplePlan;
  /** the weights are read from disk with every batch */
  readonly streams: boolean;
}

async function runSelection(
  model: OpenModel,
  { addon, request, signal, onProgress }: FitContext,
  { folder, selection, sample, streams }: Pass,
): Promise<void> {
  const longest = selection.sequences.reduce((most, one) => Math.max(most, one.tokens), 0);
  await calibrate({
    addon,
    model,
    selection,
    sample,
    folder,
    datasetName: request.calibration.set.name,
    batchTokens: Math.max(longest, streams ? STREAMING_BATCH_TOKENS : BATCH_TOKENS),
    threads: request.threads,
    signal,
    onProgress,
  });
}

async function entropiesOf(
  { addon, source, request, signal, onProgress }: FitContext,
  { folder, sample, onLayer }: Pick<Pass, 'folder' | 'sample'> & { readonly onLayer: OnLayer | undefined },
): Promise<LayerEntropy[]> {
  const { seed, clusters } = request.calibration;
  return measureEntropies({
    addon,
    samplePath: calibrationFiles(folder).sample,
    isImage: sample.isImage,
    layers: source.text.layers,
    dimensions: sample.dimensions,
    folder,
    seed,
    clusters,
    threads: request.threads,
    signal,
    onProgress,
    onLayer: onLayer && ((layer, entropy) => onLayer(layer, bitsOf(entropy))),
  });
}
