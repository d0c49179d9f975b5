import { counted } from '../contract/counted.ts';
import { SnugError } from '../contract/errors.ts';
import { metadataNumber } from '../gguf/gguf.ts';
import type { TextModel, VisionModel } from './model-file.ts';
import { readSidecar } from './sidecar.ts';

/**
 * How many tokens a picture may take is the model's: one trained on small pictures is lost on large ones. The limit is kept
 * in the model's own file (`luq.image_tokens.*`, written by a fit), else beside it.
 */
export interface ImageLimits {
  readonly minTokens: number;
  readonly maxTokens: number;
}

/** Qwen2.5-VL's own range is 4 to 16,384; llama.cpp advises at most 4,096, and so do we. */
const MOST_TOKENS = 16_384;
const DEFAULT_LIMITS: ImageLimits = { minTokens: 4, maxTokens: 4096 };

export function imageLimits(text: TextModel, chosenMaxTokens?: number): ImageLimits {
  const kept = fromMetadata(text) ?? fromSidecar(text.path) ?? DEFAULT_LIMITS;
  if (chosenMaxTokens === undefined) return checked(kept, text.path);
  if (!Number.isInteger(chosenMaxTokens) || chosenMaxTokens < 1 || chosenMaxTokens > MOST_TOKENS) {
    throw new SnugError(
      'BAD_ARGUMENT',
      `the limit on picture tokens must be a whole number from 1 to ${MOST_TOKENS}, not ${chosenMaxTokens}`,
    );
  }
  const { minTokens } = isSound(kept) ? kept : DEFAULT_LIMITS;
  return { minTokens: Math.min(minTokens, chosenMaxTokens), maxTokens: chosenMaxTokens };
}

/** Share of a context that pictures may take: the rest is for questions and answers. */
export const MOST_PICTURE_SHARE = 3 / 4;

/** The same limits where a picture has to find room in a context, beside a question and its answer. */
export function limitsIn(contextTokens: number, { minTokens, maxTokens }: ImageLimits): ImageLimits {
  const most = Math.min(maxTokens, Math.floor(contextTokens * MOST_PICTURE_SHARE));
  return { minTokens: Math.min(minTokens, most), maxTokens: most };
}

/** Says that pictures get less than they might have, for the sake of the context. */
export function narrowedNote(contextTokens: number, limits: ImageLimits, asked: ImageLimits): string {
  return `pictures take at most ${limits.maxTokens.toLocaleString('en')} of the ${counted(asked.maxTokens, 'token')} that the model lets them take: a context of ${contextTokens.toLocaleString('en')} has room for no more beside a question and its answer`;
}

/** The shortest context that has room for a picture of so many tokens. */
export function contextFor(imageTokens: number): number {
  return Math.ceil(imageTokens / MOST_PICTURE_SHARE);
}

function fromMetadata(text: TextModel): ImageLimits | undefined {
  const minTokens = metadataNumber(text.gguf, 'luq.image_tokens.min');
  const maxTokens = metadataNumber(text.gguf, 'luq.image_tokens.max');
  return minTokens === undefined || maxTokens === undefined ? undefined : { minTokens, maxTokens };
}

function fromSidecar(modelPath: string): ImageLimits | undefined {
  const { imageTokens } = readSidecar(modelPath);
  return imageTokens && { minTokens: imageTokens.min, maxTokens: imageTokens.max };
}

function isSound({ minTokens, maxTokens }: ImageLimits): boolean {
  const whole = Number.isInteger(minTokens) && Number.isInteger(maxTokens);
  return whole && minTokens >= 1 && maxTokens >= minTokens && maxTokens <= MOST_TOKENS;
}

function checked(limits: ImageLimits, path: string): ImageLimits {
  if (isSound(limits)) return limits;
  const { minTokens, maxTokens } = limits;
  throw new SnugError(
    'BAD_ARGUMENT',
    `the picture limits kept with ${path} make no sense: ${minTokens} to ${maxTokens} tokens`,
    {
      advice: 'Set a limit of your own, or fix the file beside the model.',
      remedies: [{ kind: 'limit-picture-tokens', tokens: DEFAULT_LIMITS.maxTokens }],
    },
  );
}

/** Pixels a side that one token of a Qwen picture covers: its merger turns 2 × 2 patches into one token. */
export function tokenSide(vision: VisionModel): number {
  return 2 * (metadataNumber(vision.gguf, 'clip.vision.patch_size') ?? 14);
}

/** Pixels that the largest allowed picture has: more would only be thrown away by the encoder. */
export function mostPixels(vision: VisionModel | undefined, limits: ImageLimits): number {
  const side = vision ? tokenSide(vision) : 28;
  // encoders with a fixed picture size scale to that size
  const imageSize = vision ? (metadataNumber(vision.gguf, 'clip.vision.image_size') ?? 336) : 336;
  return Math.max(limits.maxTokens * side ** 2, imageSize ** 2);
}
