import type { Metadata } from 'sharp';
import type { DecodedKind } from './picture-kind.ts';

/**
 * Most memory that opening a picture may take, beside a model that fills the rest: enough for a photograph of 108 megapixels as a
 * progressive JPEG (324 MB) or of 40 megapixels as AVIF (800 MB), too little for a bomb that takes gigabytes.
 */
export const MOST_DECODING_BYTES = 768 * 2 ** 20;

/** As libvips 8.18 was measured on 20 megapixels of each kind, rounded up: libheif's planes, their RGB, and AV1's own buffers. */
const AVIF_BYTES_PER_PIXEL = 20;
const DEEP_AVIF_BYTES_PER_PIXEL = 26;
/** a canvas in RGBA, and the one before it for frames that bring it back */
const GIF_BYTES_PER_PIXEL = 8;
const GIF_BYTES_PER_FRAME = 96;
/** libheif's planes and its RGB in the memory of WebAssembly, measured as AVIF's */
const HEIC_BYTES_PER_PIXEL = 13;
const DEEP_HEIC_BYTES_PER_PIXEL = 20;
/** PDFium's page and its copy */
const PDF_BYTES_PER_PIXEL = 8;
/** a strip that is the whole picture, as it is unpacked */
const TIFF_COPIES = 2;
/** ARGB of the lossless decoder, or a canvas that frames are drawn on; lossy ones without alpha are decoded row by row */
const WEBP_BYTES_PER_PIXEL = 8;
/** the result, and what it is made from in RGBA when turned or not scaled down */
const BYTES_PER_RESULT_PIXEL = 12;
/** rows that libvips holds at most while it scales down from the top to the bottom */
const ROWS = 1024;

/** What of a picture decides how it is decoded; sharp's metadata has it. */
export type PictureFacts = Pick<
  Metadata,
  'width' | 'height' | 'channels' | 'depth' | 'bitsPerSample' | 'compression' | 'pages'
> &
  Partial<Pick<Metadata, 'isProgressive'>>;

/** Bytes that decoding takes at most, told from the header alone. */
export function decodingBytes(
  kind: DecodedKind,
  bytes: Uint8Array,
  facts: PictureFacts,
  resultPixels: number,
): number {
  const row = facts.width * facts.channels * sampleBytes(facts.depth);
  const rows = row * Math.min(facts.height, ROWS);
  return wholePictureBytes(kind, bytes, facts) + rows + resultPixels * BYTES_PER_RESULT_PIXEL;
}

/** What a decoder holds that can't work from the top to the bottom. */
function wholePictureBytes(kind: DecodedKind, bytes: Uint8Array, facts: PictureFacts): number {
  const pixels = facts.width * facts.height;
  switch (kind) {
    case 'jpeg':
      return jpegCoefficientBytes(bytes);
    case 'png':
      return facts.isProgressive ? pixels * facts.channels * sampleBytes(facts.depth) : 0;
    case 'gif':
      return (
        Math.max(pixels, gifCanvasPixels(bytes)) * GIF_BYTES_PER_PIXEL +
        (facts.pages ?? 1) * GIF_BYTES_PER_FRAME
      );
    case 'webp':
      return isLossyOpaqueWebp(bytes) ? 0 : pixels * WEBP_BYTES_PER_PIXEL;
    case 'heif':
      return pixels * heifBytesPerPixel(facts);
    case 'tiff':
      return pixels * facts.channels * sampleBytes(facts.depth) * TIFF_COPIES;
    case 'bmp':
      // and the colour numbers of one that comes in runs
      return pixels * (facts.channels + 1);
    case 'pdf':
      return bytes.length + pixels * PDF_BYTES_PER_PIXEL;
  }
}

function heifBytesPerPixel({ compression, bitsPerSample = 8 }: PictureFacts): number {
  const deep = bitsPerSample > 8;
  if (compression === 'hevc') return deep ? DEEP_HEIC_BYTES_PER_PIXEL : HEIC_BYTES_PER_PIXEL;
  return deep ? DEEP_AVIF_BYTES_PER_PIXEL : AVIF_BYTES_PER_PIXEL;
}

/** Its frames may be small; whoever shows it has to hold all of the canvas. */
function gifCanvasPixels(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes.length < 10 ? 0 : view.getUint16(6, true) * view.getUint16(8, true);
}

function sampleBytes(depth: Metadata['depth']): number {
  if (depth === 'uchar' || depth === 'char') return 1;
  if (depth === 'ushort' || depth === 'short') return 2;
  // only TIFF has others
  return 16;
}

function isLossyOpaqueWebp(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', 12, 16) === 'VP8 ';
}

const COEFFICIENT_BLOCK_BYTES = 64 * 2;
/** ITU-T T.81, table B.1 */
const Marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda, tem: 0x01 } as const;

interface Frame {
  readonly progressive: boolean;
  readonly components: number;
  readonly blocks: number;
}

/**
 * The coefficients of the whole picture where it comes in several scans (libjpeg's `has_multiple_scans`): progressive, or one colour
 * after another. 0 for a picture that is decoded row by row, and for one that has no scan at all.
 */
function jpegCoefficientBytes(bytes: Uint8Array): number {
  let frame: Frame | undefined;
  for (const { marker, segment } of jpegSegments(bytes)) {
    if (isFrame(marker)) frame = readFrame(marker, segment);
    if (marker !== Marker.sos || !frame) continue;
    const several = frame.progressive || (segment[0] ?? 0) < frame.components;
    return several ? frame.blocks * COEFFICIENT_BLOCK_BYTES : 0;
  }
  return 0;
}

/** SOF0 to SOF15 without the three markers between them that are something else (DHT, JPG, DAC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(marker: number, segment: Uint8Array): Frame {
  const at = (index: number) => segment[index] ?? 0;
  const height = at(1) * 256 + at(2);
  const width = at(3) * 256 + at(4);
  const components = at(5);
  const samplings = Array.from({ length: components }, (_, i) => at(6 + i * 3 + 1));
  const across = samplings.map((sampling) => Math.max(1, sampling >> 4));
  const down = samplings.map((sampling) => Math.max(1, sampling & 15));
  const unitsAcross = Math.ceil(width / (8 * Math.max(1, ...across)));
  const unitsDown = Math.ceil(height / (8 * Math.max(1, ...down)));
  const blocksPerUnit = across.reduce((sum, count, i) => sum + count * (down[i] ?? 1), 0);
  return {
    // SOF2 and its kin with arithmetic coding or differences: 2, 6, 10, 14
    progressive: (marker & 3) === 2,
    components,
    blocks: unitsAcross * unitsDown * blocksPerUnit,
  };
}

/** The segments up to the first scan; like libjpeg it skips bytes between them that belong to none. */
function* jpegSegments(bytes: Uint8Array): Generator<{ marker: number; segment: Uint8Array }> {
  let at = 2;
  while (at < bytes.length) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return;
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    if (marker === undefined || marker === Marker.eoi) return;
    if (hasNoLength(marker)) continue;
    const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    yield { marker, segment: bytes.subarray(at + 2, at + length) };
    if (marker === Marker.sos) return;
    at += Math.max(2, length);
  }
}

function hasNoLength(marker: number): boolean {
  const isRestart = marker >= 0xd0 && marker <= 0xd7;
  return marker === 0 || marker === Marker.tem || marker === Marker.soi || isRestart;
}
