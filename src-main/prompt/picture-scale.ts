import { tryNative } from '../engine/native-calls.ts';
import type { NativeModel } from '../engine/native-types.ts';
import { mostPixels, picturesOf, type ImageLimits } from '../models/image-limits.ts';
import type { VisionModel } from '../models/model-file.ts';
import { sizeWithin, type PictureSize } from '../pictures/picture-size.ts';
import { scaledTo } from '../pictures/pictures.ts';

/** Qwen2.5-VL's authors advise 256 to 1,280 tokens a picture: enough for a page of text, at a bearable time. */
const USUAL_MOST_TOKENS = 1280;
/** Share of the context that one picture takes unless more is asked for: a question, its answer and a second picture find room. */
const USUAL_SHARE = 1 / 4;

/** What one picture takes at most unless more detail is asked for. */
export function usualTokens(limits: ImageLimits, contextTokens: number): number {
  return Math.min(limits.maxTokens, USUAL_MOST_TOKENS, Math.floor(contextTokens * USUAL_SHARE));
}

/** What a picture takes, and the size to which it is scaled so that it takes no more than it may. */
export class PictureScale {
  readonly limits: ImageLimits;
  readonly #model: NativeModel;
  readonly #mediaMarker: string;
  readonly #maxPixels: number;
  /** undefined for encoders that scale every picture in a way of their own */
  readonly #side: number | undefined;

  constructor(model: NativeModel, vision: VisionModel | undefined, limits: ImageLimits) {
    this.limits = limits;
    this.#model = model;
    this.#mediaMarker = model.describe().mediaMarker;
    this.#maxPixels = mostPixels(vision, limits);
    const pictures = vision && picturesOf(vision);
    this.#side = pictures?.sizes === 'any' ? pictures.tokenSide : undefined;
  }

  tokens(size: PictureSize): number {
    const pieces = tryNative(() => this.#model.layout({ text: this.#mediaMarker, images: [size] }));
    return pieces.reduce((sum, piece) => sum + (piece.kind === 'image' ? piece.tokens : 0), 0);
  }

  /** The size at which a picture takes at most so many tokens; what an encoder does not let be smaller stays as it is. */
  within(original: PictureSize, mostTokens: number): PictureSize {
    const size = scaledTo(original, this.#maxPixels);
    const most = Math.max(this.limits.minTokens, Math.min(this.limits.maxTokens, mostTokens));
    if (this.#side === undefined || this.tokens(size) <= most) return size;
    return sizeWithin(original, this.#side, { leastTokens: this.limits.minTokens, mostTokens: most });
  }
}

/** Shares room: equal shares, and what one does not want goes to the others. */
export function shareRoom(wanted: readonly number[], room: number): number[] {
  const shares = wanted.map(() => 0);
  const smallestFirst = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  let left = Math.max(0, Math.floor(room));
  smallestFirst.forEach((index, served) => {
    const share = Math.min(wanted[index] ?? 0, Math.floor(left / (wanted.length - served)));
    shares[index] = share;
    left -= share;
  });
  return shares;
}
