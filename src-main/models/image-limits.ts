import { counted } from '../contract/counted.ts';
import { SnugError } from '../contract/errors.ts';
import { metadataNumber } from '../gguf/gguf.ts';
import { familyOfProjector, type Pictures } from './families.ts';
import type { TextModel, VisionModel } from './model-file.ts';
import { readSidecar } from './sidecar.ts';

/**
 * How many tokens a picture may take is the model's: one trained on small pictures is lost on large ones. The limit is kept
 * in the model's own file (`luq.image_tokens.*`, written by a fit), else beside it.
 */
export interface ImageLimits {
  readonly minTokens: number;
  readonly maxTokens: number;
  /** every picture takes as many, as the encoder scales it to a size of its own */
  readonly isFixed?: boolean;
}

/** Qwen2.5-VL's own range is 4 to 16,384; llama.cpp advises at most 4,096, and so do we. */
const MOST_TOKENS = 16_384;
const DEFAULT_LIMITS: ImageLimits = { minTokens: 4, maxTokens: 4096 };

/** @throws SnugError BAD_ARGUMENT for a limit that was chosen, or kept with the model, and makes no sense */
export function imageLimits(
  text: TextModel,
  vision: VisionModel | undefined,
  chosenMaxTokens?: number,
): ImageLimits {
  const fixed = vision && fixedTokens(vision);
  if (fixed !== undefined) return { minTokens: fixed, maxTokens: fixed, isFixed: true };
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
export function limitsIn(contextTokens: number, limits: ImageLimits): ImageLimits {
  if (limits.isFixed) return limits;
  const { minTokens, maxTokens } = limits;
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

/** What is known of an encoder's pictures; one of a family that Snug does not know may cut them as it likes. */
export function picturesOf({ gguf, projector }: VisionModel): Pictures {
  const family = familyOfProjector(projector);
  if (family) return family.pictures(gguf);
  return { sizes: 'tiles', tokenSide: metadataNumber(gguf, 'clip.vision.patch_size') ?? 14 };
}

/** The tokens of every picture, where the encoder scales each to the same square. */
export function fixedTokens(vision: VisionModel): number | undefined {
  const { sizes, tokenSide } = picturesOf(vision);
  const side = metadataNumber(vision.gguf, 'clip.vision.image_size');
  return sizes === 'one' && side !== undefined ? Math.max(1, Math.floor(side / tokenSide) ** 2) : undefined;
}

/** Pixels that the largest allowed picture has: more would only be thrown away by the encoder. */
export function mostPixels(vision: VisionModel | undefined, limits: ImageLimits): number {
  const side = vision ? picturesOf(vision).tokenSide : 28;
  // encoders with a fixed picture size scale to that size
  const imageSize = vision ? (metadataNumber(vision.gguf, 'clip.vision.image_size') ?? 336) : 336;
  return Math.max(limits.maxTokens * side ** 2, imageSize ** 2);
}
