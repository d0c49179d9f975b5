import { totalmem } from 'node:os';
import type { CalibrationReport, EntropyBits } from '../contract/fit-report.ts';
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
import { writeSourceCopy } from '../luq/calibrate/source-copy.ts';
import { sampledTokens, sampleDimensions, SEEDS } from '../luq/entropy/effort.ts';
import { measureEntropies } from '../luq/entropy/entropy.ts';
import { bitsOf, bitsOfLayers, orderStability, type LayerEntropy } from '../luq/entropy/statistics.ts';
import { layerOf, readTextModel, type TextModel } from '../models/model-file.ts';
import { copyNeeds } from './calibrate-with.ts';
import type { FitContext } from './context.ts';
import {
  calibrationKey,
  calibrationLimits,
  keptCalibration,
  recordedSourcePath,
  summaryPath,
  type CalibrationSummary,
} from './kept-calibration.ts';
import { recordSource } from '../luq/quality/held-out.ts';
import { discard, writeFileAtomically } from '../files/durable-files.ts';
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

/** Calibration, entropy and the source's answers to the held-out part: all that needs the source in memory. */
export async function calibrateSource(context: FitContext, onLayer?: OnLayer): Promise<Calibrated> {
  const { source, request, workspace, calibratedWith } = context;
  const { alpha, seed, clusters, set } = request.calibration;
  const of = { visionSha256: source.visionSha256, request };
  const folder = workspace.calibration(calibrationKey(of, calibratedWith));
  discard(workspace.copy);
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
      calibratedWith,
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

/** What is opened in the place of a source's own text model. */
interface OpenedInstead {
  readonly path: string;
  readonly mapped: boolean;
}

/** The source as calibrating takes it, or a copy of it: with pictures of a moderate size. */
export function openToCalibrate(
  {
    addon,
    source,
    request,
    signal,
    onProgress,
  }: Pick<FitContext, 'addon' | 'source' | 'request' | 'signal' | 'onProgress'>,
  { path, mapped }: OpenedInstead = { path: source.text.path, mapped: staysMapped(source.text) },
): Promise<OpenModel> {
  return openModel(addon, {
    path,
    mmprojPath: source.vision?.path,
    limits: calibrationLimits(request.imageLimits),
    threads: request.threads,
    mapped,
    signal,
    onProgress,
  });
}

async function runCalibration(
  context: FitContext,
  folder: string,
  onLayer: OnLayer | undefined,
): Promise<CalibrationSummary> {
  if (context.calibratedWith === 'q8_0') {
    const pass = await withCopy(context, async (copy) => {
      using model = await openToCalibrate(context, copy);
      return await runPass(model, context, folder, copy.path);
    });
    const entropies = await entropiesOf(context, { ...pass, onLayer });
    // what the source says is asked of the source
    using model = await openToCalibrate(context);
    return await finish(model, context, pass, entropies);
  }
  using model = await openToCalibrate(context);
  const pass = await runPass(model, context, folder, context.source.text.path);
  return await finish(model, context, pass, await entropiesOf(context, { ...pass, onLayer }));
}

/** Makes a copy of the source for some work, which alone it is for; the workspace's lock is held meanwhile. */
async function withCopy<T>(context: FitContext, work: (copy: OpenedInstead) => Promise<T>): Promise<T> {
  const { addon, source, request, workspace, signal, onProgress } = context;
  const { types, mapped } = copyNeeds(context);
  const path = workspace.copy;
  try {
    const { threads } = request;
    await writeSourceCopy({
      addon,
      source: source.text.gguf,
      types,
      output: path,
      threads,
      signal,
      onProgress,
    });
    return await work({ path, mapped });
  } finally {
    discard(path);
  }
}

async function finish(
  model: OpenModel,
  context: FitContext,
  { folder, selection, sample, leftOut }: Pass,
  entropies: LayerEntropy[],
): Promise<CalibrationSummary> {
  const { addon, source, request, signal, onProgress } = context;
  const heldOut = await sequencesFor(model, context, true);
  const options = { addon, threads: request.threads, signal, onProgress };
  const withAnswers = !streams(source.text.gguf.fileBytes);
  await recordSource(model, recordedSourcePath(folder), heldOut, { ...options, withAnswers });
  const summary = {
    sequences: selection.sequences.length,
    tokens: selection.tokens,
    imageTokens: selection.imageTokens,
    sampledTokens: sample.isImage.length,
    leftOut,
    entropies,
  };
  writeFileAtomically(summaryPath(folder, request.calibration.clusters), JSON.stringify(summary));
  return summary;
}

/** Whether weights are read from disk with every batch. */
function streams(bytes: number): boolean {
  return bytes > totalmem() * STREAMING_SHARE;
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
  readonly leftOut: LeftOutFile[];
}

/** @param model of the file at `path`: the source, or a copy of it */
async function runPass(model: OpenModel, context: FitContext, folder: string, path: string): Promise<Pass> {
  const { addon, source, request, signal, onProgress } = context;
  const { alpha, tokens, seed, set } = request.calibration;
  const leftOut: LeftOutFile[] = [];
  const planned = await sequencesFor(model, context, false, (one) => leftOut.push(one));
  const selection = selectSequences(planned, { alpha, tokens, seed });
  const sample = planSample(selection, { ...sampleOf(source.text, selection.tokens), seed });
  const longest = selection.sequences.reduce((most, one) => Math.max(most, one.tokens), 0);
  const usual = streams(readTextModel(path).gguf.fileBytes) ? STREAMING_BATCH_TOKENS : BATCH_TOKENS;
  await calibrate({
    ...{ addon, model, selection, sample, folder, datasetName: set.name },
    ...{ batchTokens: Math.max(longest, usual), threads: request.threads, signal, onProgress },
  });
  return { folder, selection, sample, leftOut };
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
