/** Lays pictures with transparency on a ground on which what is visible can be seen. */

const WHITE = 255;
const MID_GREY = 128;
const DARK_GREY = 48;

/** From here on lightness is hard to tell from white (contrast below 1.9, WCAG 2), and up to there from dark grey. */
const LIGHT = 190;
const DARK = 110;
/** Of the contour: so much lost on white is a word or a line that nobody could read. */
const LEAST_LOST_ON_WHITE = 0.25;
const LEAST_LOST_ON_DARK = 0.1;
/** alpha of a pixel that is seen at all */
const VISIBLE = 32;

interface Rgba {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * The grey on which a picture's contour stands out: where something visible meets what is transparent. White, where it is not itself
 * nearly white, as a dark theme's export or a logo is.
 */
export function groundFor(picture: Rgba): number {
  const { light, dark, all } = contour(picture);
  if (light < all * LEAST_LOST_ON_WHITE || all === 0) return WHITE;
  return dark < all * LEAST_LOST_ON_DARK ? DARK_GREY : MID_GREY;
}

function contour({ data, width, height }: Rgba): { light: number; dark: number; all: number } {
  const counts = { light: 0, dark: 0, all: 0 };
  const isSeen = (pixel: number): boolean => (data[pixel * 4 + 3] ?? 0) >= VISIBLE;
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      if (!isSeen(pixel)) continue;
      const meetsGround =
        (x > 0 && !isSeen(pixel - 1)) ||
        (x < width - 1 && !isSeen(pixel + 1)) ||
        (y > 0 && !isSeen(pixel - width)) ||
        (y < height - 1 && !isSeen(pixel + width));
      // a picture that lets the ground through everywhere has its contour everywhere
      if (!meetsGround && data[pixel * 4 + 3] === 255) continue;
      const lightness = lightnessAt(data, pixel * 4);
      counts.all++;
      if (lightness >= LIGHT) counts.light++;
      else if (lightness <= DARK) counts.dark++;
    }
  }
  return counts;
}

/** ITU-R BT.709 */
function lightnessAt(data: Uint8Array, at: number): number {
  return 0.2126 * (data[at] ?? 0) + 0.7152 * (data[at + 1] ?? 0) + 0.0722 * (data[at + 2] ?? 0);
}

/** RGB of RGBA on a grey ground, in the same memory. */
export function layOnGround({ data }: Rgba, ground: number): Uint8Array {
  let to = 0;
  for (let from = 0; from < data.length; from += 4) {
    const alpha = (data[from + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++) {
      data[to++] = Math.round(ground + ((data[from + channel] ?? 0) - ground) * alpha);
    }
  }
  return data.subarray(0, to);
}
