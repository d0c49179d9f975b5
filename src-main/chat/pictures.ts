import { createHash } from 'node:crypto';
import sharp, { type Metadata } from 'sharp';
import { MOST_PICTURE_BYTES } from '../contract/wire.ts';
import type { NativeImage } from '../engine/addon.ts';
import { readRegularFile } from '../regular-file.ts';
import { SUPPORTED, bad, damaged, tooLarge } from './picture-errors.ts';
import { isDecoded, pictureKind, type DecodedKind } from './picture-kind.ts';
import { MOST_DECODING_BYTES, decodingBytes } from './picture-memory.ts';

/** A picture ready for the vision encoder. */
export interface Picture extends Required<NativeImage> {
  /** what the person should know: only the first frame was used, … */
  readonly notes: readonly string[];
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** sharp's own default limit (0x3FFF squared); more takes minutes even row by row. */
const MOST_PIXELS = 0x3fff * 0x3fff;
/** Longer strips shrink to nothing on their short side; llama.cpp's encoder refuses ratios near 200. */
const LARGEST_ASPECT_RATIO = 100;

// a second picture at once, or threads with rows of their own, would need memory that nobody counted
sharp.cache(false);
sharp.concurrency(1);

/** Leaves libvips only the decoders that are used, for a process that decodes what strangers made. */
export function blockOtherDecoders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  const used = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'];
  sharp.unblock({ operation: used.map((name) => `VipsForeignLoad${name}`) });
}

let last: Promise<unknown> = Promise.resolve();

/** Runs one job of this process after the other, whatever became of the one before. */
function inTurn<Result>(job: () => Promise<Result>): Promise<Result> {
  const result = last.then(job);
  last = result.catch(() => undefined);
  return result;
}

/**
 * Decodes a picture to RGB: upright (EXIF), on white where transparent, the first frame of an animation, scaled down to
 * `maxPixels` when larger, as the encoder would only throw the detail away. One picture at a time, and none that takes more than
 * MOST_DECODING_BYTES.
 */
export function decodePicture(
  source: string | Uint8Array,
  options: { name?: string; maxPixels: number },
): Promise<Picture> {
  const name = options.name ?? (typeof source === 'string' ? source : 'the picture');
  return inTurn(async () => {
    const bytes = contentOf(source);
    const opened = await openPicture(bytes, name);
    return decode(opened, options.maxPixels);
  });
}

/** Pixels to which a picture is decoded only to see that it can be. */
const PEEK_PIXELS = 64 * 64;

/** The size of a picture, upright; throws BAD_PICTURE as decoding it in full would. */
export function checkPicture(source: string | Uint8Array, name: string): Promise<PictureSize> {
  return inTurn(async () => {
    const opened = await openPicture(contentOf(source), name);
    await decode(opened, PEEK_PIXELS);
    const { width, height } = opened.metadata.autoOrient;
    return { width, height };
  });
}

function contentOf(source: string | Uint8Array): Uint8Array {
  if (typeof source !== 'string') return source;
  return readRegularFile(source, { mostBytes: MOST_PICTURE_BYTES, refusedAs: 'BAD_PICTURE' });
}

/** A picture whose header was read and found usable. */
interface OpenedPicture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly kind: DecodedKind;
  readonly metadata: Metadata;
}

async function openPicture(bytes: Uint8Array, name: string): Promise<OpenedPicture> {
  if (bytes.length === 0) throw bad(name, 'is empty', `Choose a picture. ${SUPPORTED}`);
  const kind = pictureKind(bytes);
  if (kind === undefined) throw bad(name, 'is not a picture that can be read', SUPPORTED);
  if (!isDecoded(kind)) throw bad(name, `is a ${kind} file`, SUPPORTED);
  const metadata = await readMetadata(bytes, name);
  if (metadata.format !== kind) throw damaged(name, new Error(`a decoder for ${metadata.format} took it`));
  if (kind === 'heif' && metadata.compression !== 'av1') {
    throw bad(name, 'is a HEIC photograph, which cannot be opened here', 'Save or share it as JPEG.');
  }
  const { width, height } = metadata.autoOrient;
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
  return { name, bytes, kind, metadata };
}

async function readMetadata(bytes: Uint8Array, name: string): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw damaged(name, error);
  }
}

async function decode(opened: OpenedPicture, maxPixels: number): Promise<Picture> {
  const { name, bytes, metadata } = opened;
  const { width, height } = metadata.autoOrient;
  const scale = Math.min(1, Math.sqrt(maxPixels / (width * height)));
  const size = [width, height].map((side) => Math.max(1, Math.floor(side * scale))) as [number, number];
  refuseTooMuch(opened, size[0] * size[1]);
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize(...size, { fit: 'fill' })
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
    throw damaged(name, error);
  }
}

function refuseTooMuch({ name, bytes, kind, metadata }: OpenedPicture, resultPixels: number): void {
  const needed = decodingBytes(kind, bytes, metadata, resultPixels);
  if (needed <= MOST_DECODING_BYTES) return;
  const { width, height } = metadata.autoOrient;
  throw tooLarge(name, { width, height, needed, inPasses: metadata.isProgressive });
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] ?? 0, i * 3, i * 3 + 3);
  return rgb;
}
