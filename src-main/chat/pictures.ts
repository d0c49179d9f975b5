import { createHash } from 'node:crypto';
import sharp, { type Metadata } from 'sharp';
import { SnugError } from '../contract/errors.ts';
import type { NativeImage } from '../engine/addon.ts';

/** A picture ready for the vision encoder. */
export interface Picture extends Required<NativeImage> {
  /** what the person should know: only the first frame was used, … */
  readonly notes: readonly string[];
}

const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'heif']);
/** Above this a decoder alone takes gigabytes; sharp's own default limit (0x3FFF squared). */
const MOST_PIXELS = 0x3fff * 0x3fff;
/** Longer strips shrink to nothing on their short side; llama.cpp's encoder refuses ratios near 200. */
const LARGEST_ASPECT_RATIO = 100;

function bad(name: string, what: string, advice?: string, cause?: unknown): SnugError {
  return new SnugError('BAD_PICTURE', `${name} ${what}`, { advice, cause });
}

async function readMetadata(source: string | Uint8Array, name: string): Promise<Metadata> {
  try {
    return await sharp(source, { limitInputPixels: false }).metadata();
  } catch (error) {
    const message = (error as Error).message;
    if (/missing|ENOENT|No such file/i.test(message))
      throw new SnugError('FILE', `there is no file ${name}`, { cause: error });
    throw bad(
      name,
      'is not a picture that can be read',
      'JPEG, PNG, WebP, GIF and AVIF are supported.',
      error,
    );
  }
}

/**
 * Decodes a picture to RGB: upright (EXIF), on white where transparent, the first frame of an animation, scaled down to
 * `maxPixels` when larger, as the encoder would only throw the detail away.
 */
export async function decodePicture(
  source: string | Uint8Array,
  options: { name?: string; maxPixels: number },
): Promise<Picture> {
  const name = options.name ?? (typeof source === 'string' ? source : 'the picture');
  const metadata = await readMetadata(source, name);
  const { width, height } = metadata.autoOrient;
  if (metadata.format === 'heif' && metadata.compression !== 'av1') {
    throw bad(name, 'is a HEIC photograph, which cannot be opened here', 'Save or share it as JPEG.');
  }
  if (!FORMATS.has(metadata.format)) {
    throw bad(name, `is a ${metadata.format} file`, 'JPEG, PNG, WebP, GIF and AVIF are supported.');
  }
  if (width * height > MOST_PIXELS) {
    throw bad(
      name,
      `has ${width}×${height} pixels, more than can be opened safely`,
      'Scale it down first; 4,000 pixels a side are plenty.',
    );
  }
  if (Math.max(width / height, height / width) > LARGEST_ASPECT_RATIO) {
    throw bad(
      name,
      `is ${width}×${height}: too long a strip to be understood`,
      'Crop it into several pictures.',
    );
  }
  const scale = Math.min(1, Math.sqrt(options.maxPixels / (width * height)));
  try {
    const { data, info } = await sharp(source, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize(Math.max(1, Math.floor(width * scale)), Math.max(1, Math.floor(height * scale)), {
        fit: 'fill',
      })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const pixels = info.channels === 3 ? data : greyToRgb(data);
    return {
      width: info.width,
      height: info.height,
      data: pixels,
      id: createHash('sha256').update(`${info.width}×${info.height}`).update(pixels).digest('hex'),
      notes: (metadata.pages ?? 1) > 1 ? [`${name} is animated; only its first frame is used`] : [],
    };
  } catch (error) {
    throw bad(
      name,
      'is damaged and cannot be decoded',
      'Open it in a picture viewer and save it again.',
      error,
    );
  }
}

/** Pixels to which a picture is decoded only to see that it can be. */
const PEEK_PIXELS = 64 * 64;

/** The size of a picture, upright; throws BAD_PICTURE as decoding it in full would. */
export async function checkPicture(
  source: string | Uint8Array,
  name: string,
): Promise<{ width: number; height: number }> {
  await decodePicture(source, { name, maxPixels: PEEK_PIXELS });
  const { width, height } = (await readMetadata(source, name)).autoOrient;
  return { width, height };
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] ?? 0, i * 3, i * 3 + 3);
  return rgb;
}
