import { crc32, createDeflate } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import sharp from 'sharp';

/** Small files that take a decoder a lot of memory, or say that they will. */

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

function chunk(type: string, data: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type), data]);
  const whole = Buffer.alloc(typed.length + 8);
  whole.writeUInt32BE(data.length);
  typed.copy(whole, 4);
  whole.writeUInt32BE(crc32(typed), typed.length + 4);
  return whole;
}

export interface PngHeader {
  readonly side: number;
  /** bits */
  readonly depth: 8 | 16;
  readonly colour: 'rgb' | 'rgba' | 'grey';
  readonly interlaced: boolean;
}

const CHANNELS = { grey: 1, rgb: 3, rgba: 4 };

function png(header: PngHeader, imageData: Uint8Array): Buffer {
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.side, 0);
  ihdr.writeUInt32BE(header.side, 4);
  ihdr.set([header.depth, { grey: 0, rgb: 2, rgba: 6 }[header.colour], 0, 0, header.interlaced ? 1 : 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', ihdr),
    chunk('IDAT', imageData),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PNG that says how large it is and holds next to nothing. */
export function pngOfHeader(header: PngHeader): Buffer {
  return png(header, Buffer.from('789c03000000000001', 'hex'));
}

/** Adam7's seven passes over a picture: where each begins and its steps (PNG, 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A whole PNG of one colour, compressed to a thousandth. */
export async function blackPng(header: PngHeader): Promise<Buffer> {
  const pixelBytes = CHANNELS[header.colour] * (header.depth / 8);
  const passes = header.interlaced ? PASSES : [[0, 0, 1, 1] as const];
  const bytes = passes.reduce((sum, [x, y, dx, dy]) => {
    const rows = Math.ceil((header.side - y) / dy);
    return sum + rows * (1 + Math.ceil((header.side - x) / dx) * pixelBytes);
  }, 0);
  return png(header, await deflatedZeros(bytes));
}

function deflatedZeros(bytes: number): Promise<Buffer> {
  const block = Buffer.alloc(2 ** 20);
  function* blocks() {
    for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, left);
  }
  return buffer(Readable.from(blocks()).pipe(createDeflate({ level: 1 })));
}

/** A JPEG of a few blocks that says it has so many pixels. */
export async function jpegOfHeader(
  side: number,
  options: { progressive: boolean; chromaSubsampling?: '4:4:4' | '4:2:0' },
): Promise<Buffer> {
  const small = sharp({ create: { width: 64, height: 64, channels: 3, background: '#336699' } });
  const bytes = await small.jpeg({ chromaSubsampling: '4:4:4', ...options }).toBuffer();
  const frame = bytes.indexOf(Buffer.from([0xff, options.progressive ? 0xc2 : 0xc0]));
  bytes.writeUInt16BE(side, frame + 5);
  bytes.writeUInt16BE(side, frame + 7);
  return bytes;
}
