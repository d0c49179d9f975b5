import type { Memory } from '../../contract/fit-report.ts';
import { callNative } from '../../engine/native-calls.ts';
import type { Addon, NativeModel } from '../../engine/native-types.ts';
import { picturesOf, type ImageLimits } from '../../models/image-limits.ts';
import { checkEncoderLayout } from '../../models/encoder-layout.ts';
import type { VisionModel } from '../../models/model-file.ts';
import { extraBytes, type Layouts, type TypedWeights } from './loaded-weights.ts';

/** Tokens that a chat's context runs at a time; llama.cpp's default for n_ubatch. */
export const CHAT_BATCH_TOKENS = 512;

/** What a model takes besides its text weights, for one context length: as llama.cpp itself would reserve it. */
export interface Overhead {
  readonly contextTokens: number;
  readonly kvCacheBytes: number;
  readonly computeBytes: number;
  readonly visionWeightsBytes: number;
  readonly visionComputeBytes: number;
}

export function tensorDataBytes(tensors: readonly { readonly bytes: number }[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
}

/** Measures the overhead without loading weights; `model` may be opened with metadataOnly. */
export async function measureOverhead(
  addon: Addon,
  model: NativeModel,
  options: { contextTokens: number; vision: VisionModel | undefined; limits: ImageLimits },
): Promise<Overhead> {
  const context = await callNative(
    model.memory({ contextTokens: options.contextTokens, batchTokens: CHAT_BATCH_TOKENS, threads: 1 }),
  );
  if (options.vision) checkEncoderLayout(options.vision);
  const visionWeightsBytes = options.vision ? tensorDataBytes(options.vision.gguf.tensors) : 0;
  const visionComputeBytes = options.vision
    ? (await callNative(
        addon.visionMemory({
          mmprojPath: options.vision.path,
          ...largestPicture(options.vision, options.limits),
        }),
      )) + tilePixelBytes(options.vision, options.limits)
    : 0;
  return {
    contextTokens: options.contextTokens,
    kvCacheBytes: context.kvCacheBytes,
    computeBytes: context.computeBytes,
    visionWeightsBytes,
    visionComputeBytes,
  };
}

/** A narrow tile has up to a seventh more patches than a square one, as its sides are rounded to whole ones. */
const ELASTIC_SHARE = 8 / 7;

/**
 * The picture of the most tokens that the limits allow, in pixels, near to a square; none where the encoder scales every picture, or each
 * tile of it, to a size of its own.
 */
function largestPicture(
  vision: VisionModel,
  { maxTokens }: ImageLimits,
): { width?: number; height?: number } {
  const { sizes, tokenSide: side, tiles } = picturesOf(vision);
  if (tiles?.isElastic) return { width: Math.ceil(tiles.side * ELASTIC_SHARE), height: tiles.side };
  if (sizes !== 'any') return {};
  const square = Math.floor(Math.sqrt(maxTokens));
  const tokens = (columns: number) => columns * Math.floor(maxTokens / columns);
  let columns = square;
  for (let fewer = square; fewer >= Math.ceil(square / 2); fewer--)
    if (tokens(fewer) > tokens(columns)) columns = fewer;
  return { width: columns * side, height: Math.floor(maxTokens / columns) * side };
}

/** A picture's tiles are made ready all at once, their colours as single numbers; each is encoded alone. */
function tilePixelBytes(vision: VisionModel, { maxTokens }: ImageLimits): number {
  const { tiles } = picturesOf(vision);
  return tiles
    ? Math.ceil(maxTokens / tiles.tokens) * tiles.side ** 2 * 3 * Float32Array.BYTES_PER_ELEMENT
    : 0;
}

/** The whole: weights as they lie in memory, in lean layouts, vision encoder, KV cache and scratch. */
export function predictMemory(weightsBytes: number, overhead: Overhead, rearrangedBytes: number): Memory {
  const { kvCacheBytes, computeBytes, visionWeightsBytes, visionComputeBytes } = overhead;
  return {
    weightsBytes,
    visionWeightsBytes,
    kvCacheBytes,
    computeBytes,
    visionComputeBytes,
    rearrangedBytes,
    totalBytes:
      weightsBytes + rearrangedBytes + visionWeightsBytes + kvCacheBytes + computeBytes + visionComputeBytes,
  };
}

/** The whole as plans count it, before anyone knows of room: in wide layouts only where they are insisted on. */
export function countedMemory(
  weightsBytes: number,
  overhead: Overhead,
  weights: TypedWeights,
  layouts: Layouts,
): Memory {
  const memory = predictMemory(weightsBytes, overhead, extraBytes(weights, layouts.lean));
  return layouts.insisted ? withRoom(memory, wideBytes(weights, layouts), Infinity) : memory;
}

/** What weights add in wide layouts; 0 where those take no more than the lean ones. */
export function wideBytes(weights: TypedWeights, { lean, wide }: Layouts): number {
  const bytes = wide ? extraBytes(weights, wide) : 0;
  return bytes > extraBytes(weights, lean) ? bytes : 0;
}

/**
 * The same memory with the weights in wide layouts, where those take more than the lean ones and the whole stays within the budget; else
 * unchanged. @param wide what weights add in wide layouts
 */
export function withRoom(memory: Memory, wide: number, budgetBytes: number): Memory {
  const totalBytes = memory.totalBytes - memory.rearrangedBytes + wide;
  if (wide <= memory.rearrangedBytes || totalBytes > budgetBytes) return memory;
  return { ...memory, rearrangedBytes: wide, wide: true, totalBytes };
}
