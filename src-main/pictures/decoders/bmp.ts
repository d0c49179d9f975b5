/** What the header of a BMP says; https://learn.microsoft.com/windows/win32/gdi/bitmap-storage */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** RGBA where its alpha is more than padding */
  readonly channels: 3 | 4;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** where the pixels begin */
  readonly offset: number;
  /** four bytes a colour: blue, green, red, and one that says nothing */
  readonly palette: Uint8Array;
  readonly masks: Masks;
}

interface Masks {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  /** 0: opaque */
  readonly alpha: number;
}

const Compression = { none: 0, rle8: 1, rle4: 2, masks: 3, alphaMasks: 6 } as const;
const FILE_HEADER_BYTES = 14;
/** of OS/2 1.x: sizes of 16 bits, a palette of three bytes a colour */
const CORE_HEADER_BYTES = 12;
const INFO_HEADER_BYTES = 40;
/** from here on the header itself holds masks, alpha's too */
const HEADER_WITH_ALPHA_BYTES = 56;
const MASKS_AT = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
const NO_MASKS: Masks = { red: 0, green: 0, blue: 0, alpha: 0 };
/** of 16 bits: five each */
const MASKS_16: Masks = { red: 0x7c00, green: 0x03e0, blue: 0x001f, alpha: 0 };
const MASKS_32: Masks = { red: 0xff0000, green: 0xff00, blue: 0xff, alpha: 0 };

/** Throws where a BMP says what none can. */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = viewOf(bytes);
  const headerBytes = view.getUint32(FILE_HEADER_BYTES, true);
  const core = headerBytes === CORE_HEADER_BYTES;
  if (!core && headerBytes < 16) throw new Error('an unknown header');
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = headerBytes >= INFO_HEADER_BYTES ? view.getUint32(30, true) : Compression.none;
  if (width <= 0 || height === 0) throw new Error('no pixels');
  if (!isKnown(bits, compression)) throw new Error(`${bits} bits, compression ${compression}`);
  const masks = masksOf(view, { headerBytes, bits, compression });
  const used = headerBytes >= INFO_HEADER_BYTES ? view.getUint32(46, true) : 0;
  return {
    width,
    height: Math.abs(height),
    channels: masks.alpha === 0 ? 3 : 4,
    topDown: height < 0,
    bits,
    compression,
    offset: view.getUint32(10, true),
    palette: bits > 8 ? new Uint8Array() : paletteOf(bytes, { headerBytes, bits, used, core }),
    masks,
  };
}

function isKnown(bits: number, compression: number): boolean {
  switch (compression) {
    case Compression.none:
      return [1, 2, 4, 8, 16, 24, 32].includes(bits);
    case Compression.rle8:
      return bits === 8;
    case Compression.rle4:
      return bits === 4;
    case Compression.masks:
    case Compression.alphaMasks:
      return bits === 16 || bits === 32;
    default:
      return false;
  }
}

function masksOf(
  view: DataView,
  { headerBytes, bits, compression }: { headerBytes: number; bits: number; compression: number },
): Masks {
  if (bits !== 16 && bits !== 32) return NO_MASKS;
  if (compression === Compression.none) return bits === 16 ? MASKS_16 : MASKS_32;
  const mask = (index: number): number => view.getUint32(MASKS_AT + index * 4, true);
  const hasAlpha = compression === Compression.alphaMasks || headerBytes >= HEADER_WITH_ALPHA_BYTES;
  return { red: mask(0), green: mask(1), blue: mask(2), alpha: hasAlpha ? mask(3) : 0 };
}

function paletteOf(
  bytes: Uint8Array,
  header: { headerBytes: number; bits: number; used: number; core: boolean },
): Uint8Array {
  const colours = Math.min(header.used === 0 ? 256 : header.used, 2 ** header.bits);
  const size = header.core ? 3 : 4;
  const palette = new Uint8Array(2 ** header.bits * 4);
  const start = FILE_HEADER_BYTES + header.headerBytes;
  for (let i = 0; i < colours; i++) {
    palette.set(bytes.subarray(start + i * size, start + i * size + 3), i * 4);
  }
  return palette;
}

/** The pixels from the top to the bottom, RGB or RGBA; throws where the file ends before they do. */
export function decodeBmp(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const indices =
    header.compression === Compression.rle8 || header.compression === Compression.rle4
      ? unpackedRuns(bytes, header)
      : undefined;
  const { width, height, channels, bits } = header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (!indices && header.offset + stride * (height - 1) + Math.ceil((width * bits) / 8) > bytes.length) {
    throw new Error('it ends before its pixels do');
  }
  const pixels = new Uint8Array(width * height * channels);
  const writeRow = rowWriter(bytes, header, pixels);
  for (let row = 0; row < height; row++) {
    const to = row * width * channels;
    const stored = header.topDown ? row : height - 1 - row;
    if (indices) writeIndices(indices.subarray(stored * width, (stored + 1) * width), header, pixels, to);
    else writeRow(header.offset + stored * stride, to);
  }
  if (channels === 4) showWhereAlphaIsUnused(pixels);
  return pixels;
}

function rowWriter(
  bytes: Uint8Array,
  { width, bits, palette, masks, channels }: BmpHeader,
  pixels: Uint8Array,
): (from: number, to: number) => void {
  if (bits <= 8) {
    const indices = new Uint8Array(width);
    return (from, to) => {
      for (let x = 0; x < width; x++) {
        const bit = x * bits;
        indices[x] = ((bytes[from + (bit >> 3)] ?? 0) >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
      }
      writeIndices(indices, { palette }, pixels, to);
    };
  }
  if (bits === 24) {
    return (from, to) => {
      for (let x = 0; x < width; x++, from += 3, to += 3) {
        pixels[to] = bytes[from + 2] ?? 0;
        pixels[to + 1] = bytes[from + 1] ?? 0;
        pixels[to + 2] = bytes[from] ?? 0;
      }
    };
  }
  const view = viewOf(bytes);
  const parts = [masks.red, masks.green, masks.blue, masks.alpha].slice(0, channels).map(partOf);
  return (from, to) => {
    for (let x = 0; x < width; x++) {
      const value = bits === 16 ? view.getUint16(from + x * 2, true) : view.getUint32(from + x * 4, true);
      for (const part of parts) pixels[to++] = part(value);
    }
  };
}

function writeIndices(
  indices: Uint8Array,
  { palette }: Pick<BmpHeader, 'palette'>,
  pixels: Uint8Array,
  start: number,
): void {
  let to = start;
  for (const index of indices) {
    pixels[to++] = palette[index * 4 + 2] ?? 0;
    pixels[to++] = palette[index * 4 + 1] ?? 0;
    pixels[to++] = palette[index * 4] ?? 0;
  }
}

/** What a mask picks out of a pixel's value, spread over 0 to 255. */
function partOf(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / most);
}

/** Programs leave alpha at 0 throughout and mean opaque. */
function showWhereAlphaIsUnused(pixels: Uint8Array): void {
  for (let at = 3; at < pixels.length; at += 4) if (pixels[at] !== 0) return;
  for (let at = 3; at < pixels.length; at += 4) pixels[at] = 255;
}

/** The colour numbers of run-length encoded pixels, in the order of the file's rows; what is skipped is colour 0. */
function unpackedRuns(bytes: Uint8Array, { width, height, bits, offset }: BmpHeader): Uint8Array {
  const indices = new Uint8Array(width * height);
  const half = bits === 4;
  let x = 0;
  let row = 0;
  const put = (index: number): void => {
    if (x < width && row < height) indices[row * width + x] = index;
    x++;
  };
  for (let at = offset; row < height;) {
    if (at + 1 >= bytes.length) throw new Error('it ends before its pixels do');
    const count = bytes[at++] ?? 0;
    const value = bytes[at++] ?? 0;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(half ? (i % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) {
      x = 0;
      row++;
    } else if (value === 1) break;
    else if (value === 2) {
      x += bytes[at++] ?? 0;
      row += bytes[at++] ?? 0;
    } else {
      for (let i = 0; i < value; i++) {
        const byte = bytes[at + (half ? i >> 1 : i)] ?? 0;
        put(half ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      // such pieces begin at even places
      at += Math.ceil((half ? Math.ceil(value / 2) : value) / 2) * 2;
    }
  }
  return indices;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
