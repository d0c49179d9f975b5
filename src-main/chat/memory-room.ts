import { SnugError } from '../contract/errors.ts';
import type { Memory } from '../contract/fit-report.ts';
import type { Kernels } from '../contract/kernels.ts';
import type { Remedy } from '../contract/remedies.ts';
import { LEAST_OFFERED_CONTEXT_TOKENS } from '../contract/token-limits.ts';
import type { Addon } from '../engine/native-types.ts';
import { metadataNumber } from '../gguf/gguf.ts';
import { KERNEL_WORDS, layoutsOf, otherKernels, staysMapped } from '../luq/plan/loaded-weights.ts';
import {
  countedMemory,
  measureOverhead,
  predictMemory,
  tensorDataBytes,
  wideBytes,
  withRoom,
  type Overhead,
} from '../luq/plan/memory.ts';
import { openMetadata } from '../models/open-model.ts';
import type { ImageLimits } from '../models/image-limits.ts';
import { mayBeFitted, type TextModel, type VisionModel } from '../models/model-file.ts';
import { formatBytes } from '../contract/bytes.ts';
import type { Ram } from '../profile/memory.ts';

/** Whether there is room in memory for a model, told before any of its weights is read. */

export interface Loading {
  readonly text: TextModel;
  readonly vision: VisionModel | undefined;
  readonly limits: ImageLimits;
  readonly contextTokens: number;
}

export interface MemoryRoom {
  readonly memory: Memory;
  /** weights are pages of the file, which the system may drop and read again */
  readonly mapped: boolean;
}

/** A mapped model that is larger than the memory is read again for every token; beyond this many times it, each takes minutes. */
const HOPELESS_TIMES = 2;
/** Bits per weight of the smallest fit: what Q4_K_M and IQ1_M make of Qwen2.5-VL-72B with all layers low. */
const LEAST_FITTED_BITS = 2.75;
/** Of the memory there is, what a fitted model could have with nothing else running. */
const MOST_SHARE = 0.9;

/** What takes long to find out, and is asked only where it decides. */
interface Asking {
  /** types that Snug's own kernels have taken from llama.cpp's */
  readonly ownTypes: readonly number[];
  /** whether wide layouts are worth room that they have */
  readonly isFasterWide: () => Promise<boolean>;
  readonly swapTotalBytes: () => Promise<number>;
}

/**
 * Predicts what a chat takes, and where the weights will lie.
 * @throws SnugError DOES_NOT_FIT with what can be done, unless it is to be loaded `anyway`; one that is hopeless also then
 */
export async function requireMemory(
  addon: Addon,
  loading: Loading,
  machine: Ram,
  { anyway, isFasterWide, swapTotalBytes, ownTypes }: Asking & { readonly anyway: boolean },
): Promise<MemoryRoom> {
  const { text, vision, limits, contextTokens } = loading;
  const { tensors } = text.gguf;
  using model = await openMetadata(addon, text.path);
  const mayBeMapped = text.gguf.files.every(({ path }) => addon.canMap(path));
  const asPages = mayBeMapped && staysMapped(text, 0, machine.availableBytes);
  const layouts = layoutsOf(addon, tensors);
  const overheadOf = (tokens: number): Promise<Overhead> =>
    measureOverhead(addon, model, { contextTokens: tokens, vision, limits });
  const weightsBytes = tensorDataBytes(tensors);
  const inPages = (overhead: Overhead): Memory => predictMemory(weightsBytes, overhead, 0);
  const counted = (overhead: Overhead): Memory =>
    asPages ? inPages(overhead) : countedMemory(weightsBytes, overhead, text.gguf, layouts);
  const overhead = await overheadOf(contextTokens);
  const budgetBytes = Math.min(machine.availableBytes, budgetOf(text));
  const usual = counted(overhead);
  const roomy = asPages ? usual : withRoom(usual, wideBytes(text.gguf, layouts), budgetBytes);
  const memory = roomy !== usual && (await isFasterWide()) ? roomy : usual;
  if (memory.totalBytes <= machine.availableBytes) return { memory, mapped: asPages };
  const room = mayBeMapped ? { memory: inPages(overhead), mapped: true } : { memory, mapped: false };
  const hopeless = isHopeless(room, machine, await swapTotalBytes());
  if (anyway && !hopeless) return room;
  const shorter = await shorterContext(contextTokens, async (tokens) => {
    return counted(await overheadOf(tokens)).totalBytes <= machine.availableBytes;
  });
  const kernels = otherKernels(layouts, ownTypes).find((other) => {
    const counted = countedMemory(weightsBytes, overhead, text.gguf, other.layouts);
    return counted.totalBytes <= machine.availableBytes;
  })?.kernels;
  throw doesNotFit(text, { memory, mapped: mayBeMapped }, machine, { hopeless, shorter, kernels });
}

/** What a model was fitted to, in bytes: faster kernels don't take more than that. */
function budgetOf({ gguf }: TextModel): number {
  return metadataNumber(gguf, 'luq.budget.bytes') ?? Infinity;
}

function isHopeless(
  { memory, mapped }: MemoryRoom,
  { totalBytes, limitBytes }: Ram,
  swapTotalBytes: number,
): boolean {
  const held = memory.totalBytes - (mapped ? memory.weightsBytes : 0);
  // a container may have none of the swap
  const swap = limitBytes === null ? swapTotalBytes : 0;
  return held > totalBytes + swap || memory.totalBytes > HOPELESS_TIMES * totalBytes;
}

/** The longest context with which it fits, halving; undefined where none does. */
async function shorterContext(
  contextTokens: number,
  fits: (tokens: number) => Promise<boolean>,
): Promise<number | undefined> {
  for (
    let tokens = Math.floor(contextTokens / 2);
    tokens >= LEAST_OFFERED_CONTEXT_TOKENS;
    tokens = Math.floor(tokens / 2)
  ) {
    if (await fits(tokens)) return tokens;
  }
  return undefined;
}

function doesNotFit(
  text: TextModel,
  { memory, mapped }: MemoryRoom,
  machine: Ram,
  {
    hopeless,
    shorter,
    kernels,
  }: { hopeless: boolean; shorter: number | undefined; kernels: Kernels | undefined },
): SnugError {
  const needed = formatBytes(memory.totalBytes);
  const there = hopeless
    ? `this laptop has ${formatBytes(machine.totalBytes)}`
    : `${formatBytes(machine.availableBytes)} are free`;
  const slow = mapped
    ? ' Loaded anyway, it is read from disk again and again, and every word takes seconds or minutes.'
    : '';
  const fitted = (text.parameters * LEAST_FITTED_BITS) / 8;
  const fittable = mayBeFitted(text) && fitted <= machine.totalBytes * MOST_SHARE;
  const way = hopeless
    ? `${fittable ? 'Fit it first' : 'Choose a smaller model'}.`
    : `Close other programs${fittable ? ', fit it first,' : ''} or choose a smaller model.${slow}`;
  const remedies: Remedy[] = [
    ...(kernels === undefined ? [] : [{ kind: 'set-kernels', kernels } as const]),
    ...(fittable ? [{ kind: 'fit-model' } as const] : []),
    ...(shorter === undefined ? [] : [{ kind: 'set-context', tokens: shorter } as const]),
    ...(hopeless ? [] : [{ kind: 'load-anyway' } as const]),
    { kind: 'choose-model' },
  ];
  return new SnugError('DOES_NOT_FIT', `${text.name} needs ${needed} of memory, and ${there}`, {
    advice: kernels === undefined ? way : `It would fit with ${KERNEL_WORDS[kernels]}. ${way}`,
    remedies,
  });
}
