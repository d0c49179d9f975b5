/** Where pixels lie in memory, row after row, and the colours that their numbers stand for. */
export interface PixelsInMemory {
  readonly width: number;
  readonly height: number;
  /** RGB, or RGBA */
  readonly channels: 3 | 4;
  readonly at: number;
  /** bytes from one row to the next */
  readonly stride: number;
  /** an ICC profile and its place */
  readonly profile?: { readonly at: number; readonly bytes: number } | undefined;
}

/** TIFF 6.0, section 8 and 2: an entry is a tag, a type, a count, and the value or where it lies. */
const Tag = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  interpretation: 262,
  stripOffsets: 273,
  channels: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  extraSamples: 338,
  iccProfile: 34675,
} as const;
const Type = { short: 3, long: 4, undefined: 7 } as const;
const UNCOMPRESSED = 1;
const RGB = 2;
const UNASSOCIATED_ALPHA = 2;
const ENTRY_BYTES = 12;
const MOST_ENTRIES = 11;

export const TIFF_HEADER_BYTES = 8;

/** Bytes that the directory of `writeTiffAround` takes. */
export function tiffDirectoryBytes(height: number): number {
  return 2 + MOST_ENTRIES * ENTRY_BYTES + 4 + 4 * 2 + height * 8;
}

/**
 * Makes a TIFF file of pixels where they lie: a header and a directory beside them, each row a strip of its own. So libvips reads what
 * another decoder left in its memory without a copy, and knows its ICC profile. All places count from the header's.
 */
export function writeTiffAround(memory: DataView, directory: number, pixels: PixelsInMemory): void {
  const { width, height, channels, profile } = pixels;
  memory.setUint16(0, 0x4949);
  memory.setUint16(2, 42, true);
  memory.setUint32(4, directory, true);
  const bits = directory + 2 + MOST_ENTRIES * ENTRY_BYTES + 4;
  for (let i = 0; i < channels; i++) memory.setUint16(bits + i * 2, 8, true);
  const offsets = bits + 4 * 2;
  const counts = offsets + height * 4;
  for (let row = 0; row < height; row++) {
    memory.setUint32(offsets + row * 4, pixels.at + row * pixels.stride, true);
    memory.setUint32(counts + row * 4, width * channels, true);
  }
  // a value that fits stands in the entry itself: that of a single row
  const inPlace = (at: number): number => (height === 1 ? memory.getUint32(at, true) : at);
  const entries: (readonly [tag: number, type: number, count: number, value: number])[] = [
    [Tag.width, Type.long, 1, width],
    [Tag.height, Type.long, 1, height],
    [Tag.bits, Type.short, channels, bits],
    [Tag.compression, Type.short, 1, UNCOMPRESSED],
    [Tag.interpretation, Type.short, 1, RGB],
    [Tag.stripOffsets, Type.long, height, inPlace(offsets)],
    [Tag.channels, Type.short, 1, channels],
    [Tag.rowsPerStrip, Type.long, 1, 1],
    [Tag.stripBytes, Type.long, height, inPlace(counts)],
  ];
  if (channels === 4) entries.push([Tag.extraSamples, Type.short, 1, UNASSOCIATED_ALPHA]);
  if (profile) entries.push([Tag.iccProfile, Type.undefined, profile.bytes, profile.at]);
  memory.setUint16(directory, entries.length, true);
  entries.forEach(([tag, type, count, value], i) => {
    const at = directory + 2 + i * ENTRY_BYTES;
    memory.setUint16(at, tag, true);
    memory.setUint16(at + 2, type, true);
    memory.setUint32(at + 4, count, true);
    memory.setUint32(at + 8, value, true);
  });
  memory.setUint32(directory + 2 + entries.length * ENTRY_BYTES, 0, true);
}
