import { DEFAULT_CALIBRATION_TOKENS } from '../luq/calibrate/calibrate.ts';
import { sampleDimensions } from '../luq/entropy/effort.ts';

/** What a fit takes of a disk, in bytes. */
export interface FitDisk {
  /** where Snug works: quantized blocks kept for refits, and the sample of a calibration */
  readonly workBytes: number;
  /** where models are kept */
  readonly resultBytes: number;
}

/**
 * Bits that a weight takes with all layers at Q4_K_M and at IQ1_M, measured of Qwen2.5-VL 3B and rounded up; and most that it takes of the
 * sample, which a model's weights limit (luq/entropy/effort.ts).
 */
const HIGH_BITS = 5;
const LOW_BITS = 2.3;
const SAMPLE_BITS = 2.4;
/** Of a sample of all tokens of 48 layers. */
const MOST_SAMPLE_BYTES = 400e6;

/** By a model's size alone, for the two rungs that a fit has by itself. */
export function estimatedFitDisk(parameters: number): FitDisk {
  const bytes = (bits: number) => Math.ceil((parameters * bits) / 8);
  const sampleBytes = Math.min(bytes(SAMPLE_BITS), MOST_SAMPLE_BYTES);
  return { workBytes: bytes(HIGH_BITS + LOW_BITS) + sampleBytes, resultBytes: bytes(HIGH_BITS) };
}

/** By its files at either rung. Blocks of both may be kept, after refits with other budgets. */
export function fitDisk(model: {
  readonly highBytes: number;
  readonly lowBytes: number;
  readonly layers: number;
  /** of its embeddings */
  readonly width: number;
}): FitDisk {
  const sampleBytes =
    model.layers *
    sampleDimensions(model.width) *
    DEFAULT_CALIBRATION_TOKENS *
    Float32Array.BYTES_PER_ELEMENT;
  return { workBytes: model.highBytes + model.lowBytes + sampleBytes, resultBytes: model.highBytes };
}
