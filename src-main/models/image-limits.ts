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
  /** what a picture takes at least, whatever is asked for: the encoder scales it to a size of its own, or cuts it into tiles */
  readonly floor?: number;
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
  const range = vision && rangeOf(vision);
  // a picture always takes as many
  if (range && range.minTokens === range.maxTokens) return range;
  const usual = range ?? DEFAULT_LIMITS;
  const kept = fromMetadata(text) ?? fromSidecar(text.path) ?? usual;
  if (chosenMaxTokens === undefined) return within(range, checked(kept, text.path));
  if (!Number.isInteger(chosenMaxTokens) || chosenMaxTokens < 1 || chosenMaxTokens > MOST_TOKENS) {
    throw new SnugError(
      'BAD_ARGUMENT',
      `the limit on picture tokens must be a whole number from 1 to ${MOST_TOKENS}, not ${chosenMaxTokens}`,
    );
  }
  const { minTokens } = isSound(kept) ? kept : usual;
  return within(range, { minTokens: Math.min(minTokens, chosenMaxTokens), maxTokens: chosenMaxTokens });
}

/** What an encoder can do at all; undefined where a picture may take any number of tokens, and where nothing is known. */
function rangeOf(vision: VisionModel): Required<ImageLimits> | undefined {
  const fixed = fixedTokens(vision);
  if (fixed !== undefined) return { minTokens: fixed, maxTokens: fixed, floor: fixed };
  const { tiles } = picturesOf(vision);
  if (!tiles) return undefined;
  const least = tiles.least * tiles.tokens;
  return { minTokens: least, maxTokens: tiles.most * tiles.tokens, floor: least };
}

function within(
  range: Required<ImageLimits> | undefined,
  { minTokens, maxTokens }: ImageLimits,
): ImageLimits {
  if (!range) return { minTokens, maxTokens };
  const inside = (tokens: number) => Math.min(range.maxTokens, Math.max(range.minTokens, tokens));
  return { minTokens: inside(minTokens), maxTokens: inside(maxTokens), floor: range.floor };
}

/** The same limits where a picture may take no more than so many tokens, or as few as its encoder can. */
export function limitedTo(tokens: number, { minTokens, maxTokens, floor }: ImageLimits): ImageLimits {
  const most = Math.min(maxTokens, Math.max(tokens, floor ?? 1));
  return {
    minTokens: Math.min(minTokens, most),
    maxTokens: most,
    ...(floor === undefined ? {} : { floor }),
  };
}

/** Share of a context that pictures may take: the rest is for questions and answers. */
export const MOST_PICTURE_SHARE = 3 / 4;

/** The same limits where a picture has to find room in a context, beside a question and its answer. */
export function limitsIn(contextTokens: number, limits: ImageLimits): ImageLimits {
  return limitedTo(Math.floor(contextTokens * MOST_PICTURE_SHARE), limits);
}

/**
 * The limits as llama.cpp takes them. Most encoders of tiles go by a picture's pixels, and of Idefics3's only the tiles without the whole
 * picture are limited; while a limit is none, its pictures are made as its own code makes them.
 */
export function openingLimits(
  vision: VisionModel | undefined,
  { minTokens, maxTokens }: ImageLimits,
): { imageMinTokens?: number; imageMaxTokens?: number } {
  const { tiles, tokenSide } = vision ? picturesOf(vision) : { tiles: undefined, tokenSide: 1 };
  if (!tiles) return { imageMinTokens: minTokens, imageMaxTokens: maxTokens };
  const most = Math.floor(maxTokens / tiles.tokens);
  if (tiles.cutBy === 'pictures' || (tiles.cutBy === 'own' && most >= tiles.most)) return {};
  return { imageMaxTokens: Math.ceil(((most - 1) * tiles.side ** 2) / tokenSide ** 2) };
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
  const { tokenSide: side, tiles } = vision ? picturesOf(vision) : { tokenSide: 28, tiles: undefined };
  if (tiles) return tiles.most * tiles.side ** 2;
  // encoders with a fixed picture size scale to that size
  const imageSize = vision ? (metadataNumber(vision.gguf, 'clip.vision.image_size') ?? 336) : 336;
  return Math.max(limits.maxTokens * side ** 2, imageSize ** 2);
}
