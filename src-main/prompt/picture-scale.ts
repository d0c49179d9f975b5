import { tryNative } from '../engine/native-calls.ts';
import type { NativeModel, SequencePiece } from '../engine/native-types.ts';
import type { Pictures } from '../models/families.ts';
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

const NO_PICTURES: Pictures = { sizes: 'one', tokenSide: 1 };
/** Beyond this shape a picture's shorter side is stretched: what tiles make of a thinner strip is nothing. */
const NARROWEST = 100;
/** To a hundredth of a picture's sides. */
const HALVINGS = 7;

function notTooNarrow({ width, height }: PictureSize): PictureSize {
  const least = Math.ceil(Math.max(width, height) / NARROWEST);
  return { width: Math.max(width, least), height: Math.max(height, least) };
}

function scaledBy({ width, height }: PictureSize, scale: number): PictureSize {
  const scaled = (side: number) => Math.max(1, Math.floor(side * scale));
  return { width: scaled(width), height: scaled(height) };
}

/** What a picture takes, and the size to which it is scaled so that it takes no more than it may. */
export class PictureScale {
  readonly limits: ImageLimits;
  readonly #model: NativeModel;
  readonly #mediaMarker: string;
  readonly #maxPixels: number;
  readonly #pictures: Pictures;

  constructor(model: NativeModel, vision: VisionModel | undefined, limits: ImageLimits) {
    this.limits = limits;
    this.#model = model;
    this.#mediaMarker = model.describe().mediaMarker;
    this.#maxPixels = mostPixels(vision, limits);
    this.#pictures = vision ? picturesOf(vision) : NO_PICTURES;
  }

  /** What the encoder makes of it. */
  tokens(size: PictureSize): number {
    return this.#pieces(size).reduce((sum, piece) => sum + (piece.kind === 'image' ? piece.tokens : 0), 0);
  }

  /** The same, and what stands between its tiles. */
  tokensInContext(size: PictureSize): number {
    const pieces = this.#pieces(size);
    const isImage = ({ kind }: (typeof pieces)[number]) => kind === 'image';
    const parts = pieces.slice(pieces.findIndex(isImage), pieces.findLastIndex(isImage) + 1);
    return parts.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** The size at which a picture takes at most so many tokens; what an encoder does not let be smaller stays as it is. */
  within(original: PictureSize, mostTokens: number): PictureSize {
    const { tiles, sizes, tokenSide } = this.#pictures;
    const scaled = scaledTo(original, this.#maxPixels);
    const size = tiles ? notTooNarrow(scaled) : scaled;
    const most = Math.max(this.limits.minTokens, Math.min(this.limits.maxTokens, mostTokens));
    if (this.tokens(size) <= most) return size;
    if (sizes === 'any')
      return sizeWithin(original, tokenSide, { leastTokens: this.limits.minTokens, mostTokens: most });
    return tiles?.cutBy === 'pictures' ? this.#fewerTiles(size, tiles.side, most) : size;
  }

  #pieces(size: PictureSize): readonly SequencePiece[] {
    return tryNative(() => this.#model.layout({ text: this.#mediaMarker, images: [size] }));
  }

  /** The largest size found between the one and that of a single tile, where a picture takes at most so many tokens. */
  #fewerTiles(size: PictureSize, side: number, most: number): PictureSize {
    const at = (scale: number) => notTooNarrow(scaledBy(size, scale));
    let [fits, tooLarge] = [Math.min(1, side / Math.max(size.width, size.height)), 1];
    for (let step = 0; step < HALVINGS; step++) {
      const middle = (fits + tooLarge) / 2;
      if (this.tokens(at(middle)) <= most) fits = middle;
      else tooLarge = middle;
    }
    return at(fits);
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
