import { hasCode } from '../contract/errors.ts';
import type { Addon, Backends } from '../engine/native-types.ts';
import { snugHome } from '../home.ts';
import { hasWide, layoutsOf } from '../luq/plan/loaded-weights.ts';
import { decodeMatrices } from '../luq/plan/plan.ts';
import type { TextModel } from '../models/model-file.ts';
import { wideIsFaster } from '../profile/faster-layouts.ts';
import { computesWith } from '../profile/laptop.ts';
import { kernelCache } from '../profile/probe-cache.ts';

/** Whether a model answers faster here with its weights in wide layouts; what was not timed before is timed now, and kept. */
export async function answersFasterWide(
  { addon, backends }: { readonly addon: Addon; readonly backends: Backends },
  { gguf: { tensors } }: TextModel,
  { threads, signal }: { readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const layouts = layoutsOf(addon, tensors);
  const matrices = decodeMatrices(tensors, new Map(), (tensor, type) => hasWide(layouts, tensor, type));
  const laptop = { cpu: computesWith(backends) };
  const kept = { cachePath: kernelCache(snugHome()), laptop, threads };
  try {
    return await wideIsFaster(addon, matrices, { ...kept, signal });
  } catch (error) {
    if (hasCode(error, 'CANCELLED')) throw error;
    // a model that cannot be timed is still one to chat with
    return false;
  }
}
