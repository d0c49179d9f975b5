const FILE_HEADER_BYTES = 14;

/** A BMP file of its headers' fields and its pixels, as they are stored. */
export function bmpOf(options: {
  width: number;
  /** negative: from the top */
  height: number;
  bits: number;
  pixels: readonly number[] | Uint8Array;
  compression?: number;
  /** red, green, blue, and alpha in a header that knows it */
  masks?: readonly number[];
  /** blue, green, red, 0 */
  palette?: readonly (readonly [number, number, number, number])[];
  /** the header of OS/2 1.x */
  core?: boolean;
}): Buffer<ArrayBuffer> {
  const { width, height, bits, compression = 0, masks = [], palette = [], core = false } = options;
  const header = Buffer.alloc(core ? 12 : masks.length === 4 ? 56 : 40);
  header.writeUInt32LE(header.length);
  if (core) {
    header.writeUInt16LE(width, 4);
    header.writeUInt16LE(height, 6);
    header.writeUInt16LE(1, 8);
    header.writeUInt16LE(bits, 10);
  } else {
    header.writeInt32LE(width, 4);
    header.writeInt32LE(height, 8);
    header.writeUInt16LE(1, 12);
    header.writeUInt16LE(bits, 14);
    header.writeUInt32LE(compression, 16);
    header.writeUInt32LE(palette.length, 32);
    if (masks.length === 4) masks.forEach((mask, i) => header.writeUInt32LE(mask, 40 + i * 4));
  }
  const behind = masks.length === 3 ? Buffer.from(Uint32Array.from(masks).buffer) : Buffer.alloc(0);
  const colours = Buffer.from(palette.flatMap((colour) => (core ? colour.slice(0, 3) : colour)));
  const offset = FILE_HEADER_BYTES + header.length + behind.length + colours.length;
  const file = Buffer.alloc(FILE_HEADER_BYTES);
  file.write('BM', 'latin1');
  file.writeUInt32LE(offset + options.pixels.length, 2);
  file.writeUInt32LE(offset, 10);
  return Buffer.concat([file, header, behind, colours, Buffer.from(options.pixels)]);
}
