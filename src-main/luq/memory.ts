import type { Memory } from '../contract/fit-report.ts';
import { callNative, type Addon, type NativeModel } from '../engine/addon.ts';
import type { ImageLimits } from '../models/image-limits.ts';
import type { VisionModel } from '../models/model-file.ts';

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
  const visionWeightsBytes = options.vision ? tensorDataBytes(options.vision.gguf.tensors) : 0;
  let visionBytes = 0;
  if (options.vision) {
    visionBytes = await callNative(
      addon.visionMemory({
        mmprojPath: options.vision.path,
        imageMinTokens: options.limits.minTokens,
        imageMaxTokens: options.limits.maxTokens,
      }),
    );
  }
  return {
    contextTokens: options.contextTokens,
    kvCacheBytes: context.kvCacheBytes,
    computeBytes: context.computeBytes,
    visionWeightsBytes,
    visionComputeBytes: options.vision
      ? scaleScratch(visionBytes - visionWeightsBytes, options.vision, options.limits)
      : 0,
  };
}

/** llama.cpp reserves Qwen's encoder for a picture of 46 × 46 tokens (clip.cpp, set_warmup_n_tokens). */
const RESERVED_PICTURE_TOKENS = 46 * 46;

/**
 * Scratch at the model's own largest picture, from that at the reserved size. It has parts that grow with the tokens and
 * parts that grow with their square: scaled linearly downwards and by the square upwards it is never less than needed.
 */
function scaleScratch(reservedBytes: number, vision: VisionModel, limits: ImageLimits): number {
  if (!vision.projector.startsWith('qwen2')) return Math.max(0, reservedBytes);
  const ratio = limits.maxTokens / RESERVED_PICTURE_TOKENS;
  return Math.max(0, Math.ceil(reservedBytes * (ratio <= 1 ? ratio : ratio * ratio)));
}

/** The whole: weights of the file, vision encoder, KV cache and scratch. */
export function predictMemory(weightsBytes: number, overhead: Overhead): Memory {
  const { kvCacheBytes, computeBytes, visionWeightsBytes, visionComputeBytes } = overhead;
  return {
    weightsBytes,
    visionWeightsBytes,
    kvCacheBytes,
    computeBytes,
    visionComputeBytes,
    totalBytes: weightsBytes + visionWeightsBytes + kvCacheBytes + computeBytes + visionComputeBytes,
  };
}
