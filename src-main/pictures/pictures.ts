import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { SnugError } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES } from '../contract/wire.ts';
import type { PreparedPicture, PrepareRequest } from '../contract/workers/picture.ts';
import type { NativeImage } from '../engine/native-types.ts';
import type { PictureSize } from './picture-size.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { groundFor, layOnGround } from './ground.ts';
import { openPicture, type OpenedPicture } from './open-picture.ts';
import { damaged } from './picture-errors.ts';

/** A picture ready for the vision encoder. */
export interface Picture extends Required<NativeImage> {
  /** what the person should know: only the first frame was used, … */
  readonly notes: readonly string[];
}

// a second picture at once, or threads with rows of their own, would need memory that nobody counted
sharp.cache(false);
sharp.concurrency(1);

/** Leaves libvips only the decoders that are used, for a process that decodes what strangers made. */
export function blockOtherDecoders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  const used = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'];
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
 * Decodes a picture to RGB: upright (EXIF), on a ground that shows it where transparent, the first frame of an animation or page of a
 * document (`cat.pdf#page=2`: that one), scaled down to `maxPixels` when larger, as the encoder would only throw the detail away, or to
 * the very `size` asked for. One picture at a time, and none that takes more than MOST_DECODING_BYTES.
 */
export function decodePicture(
  source: string | Uint8Array,
  options: { name?: string } & ({ maxPixels: number } | { size: PictureSize }),
): Promise<Picture> {
  return inTurn(async () => {
    const { bytes, page, name } = contentOf(source);
    const opened = await openPicture(bytes, options.name ?? name, page);
    return decode(opened, 'size' in options ? options.size : scaledTo(opened, options.maxPixels));
  });
}

/** The size of a picture, upright, as its header says; throws BAD_PICTURE for what cannot be opened. */
export function readPictureSize(source: string | Uint8Array): Promise<PictureSize> {
  return inTurn(async () => {
    const { bytes, page, name } = contentOf(source);
    const { width, height } = await openPicture(bytes, name, page);
    return { width, height };
  });
}

/** A picture's size scaled down to so many pixels where it has more. */
export function scaledTo({ width, height }: PictureSize, maxPixels: number): PictureSize {
  const scale = Math.min(1, Math.sqrt(maxPixels / (width * height)));
  const scaled = (side: number) => Math.max(1, Math.floor(side * scale));
  return { width: scaled(width), height: scaled(height) };
}

/** Pixels to which a picture is decoded only to see that it can be. */
const PEEK_PIXELS = 64 * 64;
/** More than any encoder sees. */
const MOST_KEPT_PIXELS = 16e6;
/** Up to here a picture is kept without loss: screenshots, drawings and pages; larger ones are photographs and scans. */
const MOST_LOSSLESS_PIXELS = 5e6;
const KEPT_QUALITY = 92;

/** Looks whether a picture opens, and makes one that browsers show of what they don't. Throws BAD_PICTURE as decoding it would. */
export function preparePicture({ bytes, name, page }: PrepareRequest): Promise<PreparedPicture> {
  return inTurn(async () => {
    const opened = await openPicture(bytes, name, page);
    const { notes } = opened;
    if (isShownByBrowsers(opened)) {
      await decode(opened, scaledTo(opened, PEEK_PIXELS));
      return { width: opened.width, height: opened.height, notes, converted: undefined };
    }
    const { width, height, data } = await decode(opened, scaledTo(opened, MOST_KEPT_PIXELS));
    const pixels = sharp(data, { raw: { width, height, channels: 3 } });
    const encoded =
      width * height <= MOST_LOSSLESS_PIXELS
        ? pixels.png()
        : pixels.jpeg({ quality: KEPT_QUALITY, chromaSubsampling: '4:4:4' });
    return { width, height, notes, converted: await encoded.toBuffer() };
  });
}

function isShownByBrowsers({ kind, isOneOfSeveral, isHeic }: OpenedPicture): boolean {
  return !isOneOfSeveral && !isHeic && !['tiff', 'bmp', 'pdf'].includes(kind);
}

const PAGE_OF_PATH = /#page=(\d+)$/;
/** Kept pictures are called by their hash, which says nothing to a person. */
const KEPT_PATH = /[/\\][0-9a-f]{64}$/;

function contentOf(source: string | Uint8Array): { bytes: Uint8Array; page?: number; name: string } {
  if (typeof source !== 'string') return { bytes: source, name: 'the picture' };
  const read = (path: string) =>
    readRegularFile(path, { mostBytes: MOST_PICTURE_BYTES, refusedAs: 'BAD_PICTURE' });
  const page = PAGE_OF_PATH.exec(source)?.[1];
  // a file may have such a name
  if (page === undefined || existsSync(source))
    return { bytes: read(source), name: KEPT_PATH.test(source) ? 'the picture' : source };
  const path = source.replace(PAGE_OF_PATH, '');
  return { bytes: read(path), page: Number(page), name: path };
}

async function decode(opened: OpenedPicture, size: PictureSize): Promise<Picture> {
  const { name, notes } = opened;
  opened.checkMemory(size.width * size.height);
  try {
    const { data, info } = await opened
      .decoder(size)
      .resize(size.width, size.height, { fit: 'fill' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const pixels = toRgb(data, info);
    return {
      width: info.width,
      height: info.height,
      data: pixels,
      id: createHash('sha256').update(`${info.width}×${info.height}`).update(pixels).digest('hex'),
      notes,
    };
  } catch (error) {
    throw error instanceof SnugError ? error : damaged(name, error);
  }
}

/** From grey, RGB, or either with alpha. */
function toRgb(data: Uint8Array, info: { width: number; height: number; channels: number }): Uint8Array {
  const { width, height, channels } = info;
  if (channels === 3) return data;
  if (channels === 1) return greyToRgb(data);
  const rgba = { width, height, data: channels === 4 ? data : greyToRgba(data) };
  return layOnGround(rgba, groundFor(rgba));
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] ?? 0, i * 3, i * 3 + 3);
  return rgb;
}

function greyToRgba(grey: Uint8Array): Uint8Array {
  const rgba = new Uint8Array(grey.length * 2);
  for (let from = 0, to = 0; from < grey.length; from += 2, to += 4) {
    rgba.fill(grey[from] ?? 0, to, to + 3);
    rgba[to + 3] = grey[from + 1] ?? 0;
  }
  return rgba;
}
