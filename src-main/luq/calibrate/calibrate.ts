import { closeSync, existsSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { callNative, useNative } from '../../engine/native-calls.ts';
import type { Addon, NativeEvaluator, NativeModel } from '../../engine/native-types.ts';
import { readKept } from '../../files/json-file.ts';
import { freeDiskBytes } from '../../files/disk.ts';
import { formatBytes } from '../../contract/bytes.ts';
import { discard, makeFolder, syncFile, writeFileAtomically } from '../../files/durable-files.ts';
import { writeError } from '../../files/write-error.ts';
import { encodeImatrix, readImatrix, type Imatrix } from '../../gguf/imatrix.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { seededRandom, shuffled } from '../random.ts';
import { insist } from '../../files/retry-refused.ts';
import type { PlannedSequence } from './sequences.ts';

/**
 * One pass over mixed picture and text sequences yields the importance matrix and a bounded sample of every layer's output
 * tokens. After each batch both are on disk, so a killed pass goes on at the batch it was in.
 */

/** Share of tokens from picture sequences; LUQ uses 1:1, and finds little change from 0.25 to 1. */
export const DEFAULT_ALPHA = 0.5;
/**
 * Tokens run in all, at most. LUQ runs 128 × 2048 on a GPU; on a laptop that takes hours, and llama.cpp's importance
 * matrices settle within some tens of thousands.
 */
export const DEFAULT_CALIBRATION_TOKENS = 32_768;
export const DEFAULT_SEED = 1;
/** Tokens per text sequence: llama-imatrix's default context. */
export const TEXT_SEQUENCE_TOKENS = 512;
/** llama.cpp allows this many sequences in one batch (LLAMA_MAX_SEQ). */
export const MOST_SEQUENCES = 256;

export interface CalibrationSelection {
  readonly sequences: readonly PlannedSequence[];
  readonly tokens: number;
  readonly imageTokens: number;
  readonly pictureShare: number;
}

function totalTokens(sequences: readonly PlannedSequence[]): number {
  return sequences.reduce((sum, sequence) => sum + sequence.tokens, 0);
}

function takeTokens(sequences: readonly PlannedSequence[], tokens: number): PlannedSequence[] {
  const taken: PlannedSequence[] = [];
  let sum = 0;
  for (const sequence of sequences) {
    if (sum >= tokens) break;
    taken.push(sequence);
    sum += sequence.tokens;
  }
  return taken;
}

/** Picks sequences at random so that `alpha` of the tokens come from picture sequences, as many as the set allows. */
export function selectSequences(
  planned: readonly PlannedSequence[],
  options: { alpha: number; tokens: number; seed: number },
): CalibrationSelection {
  if (!(options.alpha >= 0 && options.alpha <= 1)) {
    throw new SnugError('BAD_ARGUMENT', `alpha must lie between 0 and 1, not ${options.alpha}`);
  }
  const random = seededRandom(options.seed);
  const pictures = shuffled(
    planned.filter((sequence) => sequence.kind === 'picture'),
    random,
  );
  const texts = shuffled(
    planned.filter((sequence) => sequence.kind === 'text'),
    random,
  );
  // a text-only model has no picture sequences, whatever alpha says
  const alpha = pictures.length === 0 ? 0 : options.alpha;
  const limits = [options.tokens];
  if (alpha > 0) limits.push(totalTokens(pictures) / alpha);
  if (alpha < 1) limits.push(totalTokens(texts) / (1 - alpha));
  const total = Math.min(...limits);
  const chosenPictures = takeTokens(pictures, total * alpha);
  const sequences = shuffled([...chosenPictures, ...takeTokens(texts, total * (1 - alpha))], random);
  const tokens = totalTokens(sequences);
  if (tokens === 0) throw new SnugError('NO_CALIBRATION', 'the calibration set has nothing for this model');
  const imageTokens = sequences.flatMap((s) => s.imageTokens).reduce((sum, span) => sum + span.count, 0);
  return { sequences, tokens, imageTokens, pictureShare: totalTokens(chosenPictures) / tokens };
}

interface Batch {
  readonly sequences: readonly PlannedSequence[];
  readonly tokens: number;
}

/** Consecutive sequences as long as they fit a batch. */
export function packBatches(sequences: readonly PlannedSequence[], batchTokens: number): Batch[] {
  const batches: Batch[] = [];
  let current: PlannedSequence[] = [];
  let tokens = 0;
  for (const sequence of sequences) {
    if (sequence.tokens > batchTokens)
      throw new RangeError(`a sequence of ${sequence.tokens} tokens exceeds the batch`);
    if (tokens + sequence.tokens > batchTokens || current.length === MOST_SEQUENCES) {
      batches.push({ sequences: current, tokens });
      current = [];
      tokens = 0;
    }
    current.push(sequence);
    tokens += sequence.tokens;
  }
  if (current.length > 0) batches.push({ sequences: current, tokens });
  return batches;
}

/** Which tokens of the pass are kept, and of which kind each slot is. Every token is equally likely to be kept. */
export interface SamplePlan {
  /** per token of the pass its slot, or -1 */
  readonly slots: Int32Array;
  /** per slot 1 for a picture's token */
  readonly isImage: Uint8Array;
  /** a layer's outputs are projected to so many dimensions, by random signs of this seed */
  readonly dimensions: number;
  readonly seed: number;
}

export function planSample(
  selection: CalibrationSelection,
  { size, dimensions, seed }: { size: number; dimensions: number; seed: number },
): SamplePlan {
  const image = new Uint8Array(selection.tokens);
  let at = 0;
  for (const sequence of selection.sequences) {
    for (const span of sequence.imageTokens) image.fill(1, at + span.first, at + span.first + span.count);
    at += sequence.tokens;
  }
  const indices = Array.from({ length: selection.tokens }, (_, i) => i);
  const kept = shuffled(indices, seededRandom(seed))
    .slice(0, size)
    .sort((a, b) => a - b);
  const slots = new Int32Array(selection.tokens).fill(-1);
  kept.forEach((token, slot) => (slots[token] = slot));
  return { slots, isImage: Uint8Array.from(kept, (token) => image[token] ?? 0), dimensions, seed };
}

export interface CalibrationFiles {
  readonly imatrix: string;
  readonly sample: string;
  readonly state: string;
}

export function calibrationFiles(folder: string): CalibrationFiles {
  return {
    imatrix: join(folder, 'imatrix.gguf'),
    sample: join(folder, 'layer-outputs.f32'),
    state: join(folder, 'calibration.json'),
  };
}

const stateSchema = z.object({
  batchesDone: z.int().nonnegative(),
  batches: z.int().positive(),
  /** sequences summed up; the importance matrix of the same moment says the same */
  chunks: z.int().nonnegative(),
});

export interface CalibrateOptions {
  readonly addon: Addon;
  readonly model: NativeModel;
  readonly selection: CalibrationSelection;
  readonly sample: SamplePlan;
  readonly folder: string;
  readonly datasetName: string;
  readonly batchTokens: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface CalibrationResult {
  readonly imatrix: Imatrix;
  readonly reused: boolean;
}

/** Runs the pass, or what is left of it. */
export async function calibrate(options: CalibrateOptions): Promise<CalibrationResult> {
  const files = calibrationFiles(options.folder);
  const batches = packBatches(options.selection.sequences, options.batchTokens);
  const done = readCheckpoint(files, batches.length);
  if (done === batches.length) return { imatrix: readImatrix(files.imatrix), reused: true };
  prepareSampleFile(files.sample, options);
  const { addon, model, batchTokens, threads, signal } = options;
  using inUse = useNative(
    () => new addon.Evaluator(model, { batchTokens, sequences: MOST_SEQUENCES, threads, tap: true }),
    signal,
  );
  const evaluator = inUse.native;
  if (done > 0) evaluator.restoreImportance(Object.fromEntries(readImatrix(files.imatrix).entries));
  return { imatrix: await runBatches(evaluator, batches, done, files, options), reused: false };
}

async function runBatches(
  evaluator: NativeEvaluator,
  batches: readonly Batch[],
  done: number,
  files: CalibrationFiles,
  options: CalibrateOptions,
): Promise<Imatrix> {
  const { selection, sample } = options;
  let tokensDone = batches.slice(0, done).reduce((sum, batch) => sum + batch.tokens, 0);
  let chunks = batches.slice(0, done).reduce((sum, batch) => sum + batch.sequences.length, 0);
  const report = () =>
    options.onProgress?.({ stage: 'calibrate', done: tokensDone, total: selection.tokens, unit: 'tokens' });
  report();
  for (const [index, batch] of batches.entries()) {
    if (index < done) continue;
    throwIfCancelled(options.signal);
    const sequences = await Promise.all(batch.sequences.map((sequence) => sequence.prepare()));
    const run = evaluator.run({
      sequences,
      sampleSlots: sample.slots.slice(tokensDone, tokensDone + batch.tokens),
      samplePath: files.sample,
      slotsPerLayer: sample.isImage.length,
      sampleDimensions: sample.dimensions,
      sampleSeed: sample.seed % 2 ** 32,
    });
    await callNative(run);
    tokensDone += batch.tokens;
    chunks += batch.sequences.length;
    saveCheckpoint(
      evaluator,
      files,
      { batchesDone: index + 1, batches: batches.length, chunks },
      options.datasetName,
    );
    report();
  }
  return { entries: new Map(Object.entries(evaluator.importance())), chunks };
}

/** The number of batches whose sums and samples are safely on disk. */
function readCheckpoint(files: CalibrationFiles, batches: number): number {
  if (!existsSync(files.state) || !existsSync(files.imatrix) || !existsSync(files.sample)) return 0;
  const state = readKept(files.state, stateSchema);
  if (state?.batches !== batches) return 0;
  // the matrix is written before the state: killed between the two, it is ahead of it and the pass starts over
  return readImatrix(files.imatrix).chunks === state.chunks ? state.batchesDone : 0;
}

function saveCheckpoint(
  evaluator: NativeEvaluator,
  files: CalibrationFiles,
  state: z.infer<typeof stateSchema>,
  datasetName: string,
): void {
  try {
    syncFile(files.sample);
  } catch (error) {
    // where the system found out only now that the disk is full
    throw writeError(error, files.sample);
  }
  const entries = new Map(Object.entries(evaluator.importance()));
  writeFileAtomically(
    files.imatrix,
    encodeImatrix(
      { entries, chunks: state.chunks },
      { dataset: datasetName, chunkTokens: TEXT_SEQUENCE_TOKENS },
    ),
  );
  writeFileAtomically(files.state, JSON.stringify(state));
}

function prepareSampleFile(path: string, { model, sample, folder }: CalibrateOptions): void {
  const { layers } = model.describe();
  const bytes = layers * sample.isImage.length * sample.dimensions * Float32Array.BYTES_PER_ELEMENT;
  try {
    makeFolder(folder);
    const free = freeDiskBytes(folder) + (existsSync(path) ? bytes : 0);
    if (free < bytes) {
      throw new SnugError(
        'DISK_FULL',
        `calibration needs ${formatBytes(bytes)} of disk in ${folder}, and ${formatBytes(free)} are free`,
        {
          advice: 'Free some space and try again.',
          remedies: [{ kind: 'choose-home' }],
        },
      );
    }
    const fd = insist(() => openSync(path, 'a+', PRIVATE_FILE));
    ftruncateSync(fd, bytes);
    closeSync(fd);
  } catch (error) {
    discard(path);
    throw writeError(error, path);
  }
}
