import type { CatalogueEntry, Needs, SourcePrecision } from '../../contract/catalogue.ts';
import type { SizedModel } from '../../contract/workers/compress.ts';
import { estimatedFitDisk, type FitDisk } from '../../fit/disk-use.ts';
import { expectedTime } from '../fit-time.ts';
import type { Machine } from './machine.ts';

/** What a model takes, whatever the laptop; all in bytes. */
export interface Sizes {
  readonly exact: boolean;
  readonly downloadBytes: number;
  readonly parameters: number;
  /** of memory, as it was published */
  readonly unfittedBytes: number;
  /** null where it cannot be fitted */
  readonly fit: (FitDisk & { readonly leastBytes: number; readonly mostBytes: number }) | null;
}

/** Bits of a weight in a file of a precision, scales included. */
const BITS: Readonly<Record<SourcePrecision, number>> = { F16: 16, BF16: 16, Q8_0: 8.5 };
/** The same at the rungs of a fit, as llama.cpp mixes types; measured of Qwen2.5-VL 3B and 7B. */
const HIGH_BITS = 4.81;
const LOW_BITS = 1.82;
/** Embeddings and output stay at the high rung's: Q4_K and Q6_K. */
const VOCABULARY_BITS = 6;
const BYTES_PER_CACHED_NUMBER = 2;
const BYTES_PER_VISION_WEIGHT = 2;

/** From the catalogue's own numbers, for a vision file in F16. */
export function estimatedSizes(
  entry: CatalogueEntry,
  precision: SourcePrecision,
  contextTokens: number,
): Sizes {
  const { parameters, vocabularyParameters, layers } = entry;
  const visionBytes = entry.visionParameters * BYTES_PER_VISION_WEIGHT;
  const fileBytes = (parameters * BITS[precision]) / 8;
  const tokens = Math.min(contextTokens, entry.contextTokens);
  const cacheBytes = layers * entry.cachedNumbers * tokens * BYTES_PER_CACHED_NUMBER;
  const besides = visionBytes + cacheBytes + entry.computeBytes;
  const fitted = (bits: number) =>
    besides + (vocabularyParameters * VOCABULARY_BITS + (parameters - vocabularyParameters) * bits) / 8;
  return {
    exact: false,
    downloadBytes: estimatedDownload(entry, precision),
    parameters,
    unfittedBytes: Math.round(besides + fileBytes),
    fit: {
      ...estimatedFitDisk(parameters),
      leastBytes: Math.round(fitted(LOW_BITS)),
      mostBytes: Math.round(fitted(HIGH_BITS)),
    },
  };
}

/** Of a model and its vision file in F16, in bytes. */
export function estimatedDownload(
  { parameters, visionParameters }: Pick<CatalogueEntry, 'parameters' | 'visionParameters'>,
  precision: SourcePrecision,
): number {
  return Math.round((parameters * BITS[precision]) / 8 + visionParameters * BYTES_PER_VISION_WEIGHT);
}

/** As its headers have it. */
export function exactSizes(sized: SizedModel, parameters: number, downloadBytes: number): Sizes {
  const { source, fit } = sized;
  return {
    exact: true,
    downloadBytes,
    parameters,
    unfittedBytes: source.memory.totalBytes,
    fit: fit && {
      workBytes: fit.workBytes,
      resultBytes: fit.resultBytes,
      leastBytes: fit.low.memory.totalBytes,
      mostBytes: fit.high.memory.totalBytes,
    },
  };
}

/** Against what a laptop has. */
export function needsOf(sizes: Sizes, machine: Machine): Needs {
  const { downloadBytes, unfittedBytes, fit, parameters } = sizes;
  const { disk, limits, bytesPerSecond, earlier, threads } = machine;
  return {
    exact: sizes.exact,
    downloadBytes,
    disk: diskOf(downloadBytes, fit, disk),
    memory: {
      unfittedBytes,
      fittedBytes: fit && { least: fit.leastBytes, most: fit.mostBytes },
      fittingBytes: fit && unfittedBytes,
      ...limits,
    },
    downloadSeconds: bytesPerSecond === null ? null : downloadBytes / bytesPerSecond,
    fitTime: fit && expectedTime({ parameters, calibrated: false, kind: 'best', threads }, earlier),
  };
}

/** What a download and a fit of it take of the disks, when they take most. */
export function diskOf(
  downloadBytes: number,
  fit: FitDisk | null,
  { freeBytes, workFreeBytes }: Machine['disk'],
): Needs['disk'] {
  const { workBytes, resultBytes } = fit ?? { workBytes: 0, resultBytes: 0 };
  const peakBytes = downloadBytes + resultBytes;
  return workFreeBytes === null
    ? { freeBytes, peakBytes: peakBytes + workBytes, work: null }
    : { freeBytes, peakBytes, work: { freeBytes: workFreeBytes, peakBytes: workBytes } };
}

/** Whether a download and a fit of it find room. */
export function hasRoom({ freeBytes, peakBytes, work }: Needs['disk']): boolean {
  return peakBytes <= freeBytes && (work === null || work.peakBytes <= work.freeBytes);
}
