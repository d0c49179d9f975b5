import { describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { decodePicture } from '../../../src-main/pictures/pictures.ts';
import { MOST_DECODING_BYTES, decodingBytes } from '../../../src-main/pictures/picture-memory.ts';
import type { DecodedKind } from '../../../src-main/pictures/picture-kind.ts';
import { jpegOfHeader, pngOfHeader } from '../../helpers/picture-bombs.ts';
import { rejected } from '../../helpers/thrown.ts';

const options = { name: 'cat.jpg', maxPixels: 1e6 };

async function bytesFor(content: Buffer): Promise<number> {
  const metadata = await sharp(content, { limitInputPixels: false }).metadata();
  return decodingBytes(metadata.format as DecodedKind, content, metadata, 1);
}

/** Megabytes of a square's whole picture, without the rows and the result. */
async function wholePicture(content: Buffer): Promise<number> {
  const { width, height, channels, depth } = await sharp(content, { limitInputPixels: false }).metadata();
  const rows = width * channels * (depth === 'ushort' ? 2 : 1) * Math.min(1024, height);
  return Math.round(((await bytesFor(content)) - rows) / 1e6);
}

describe('the memory that decoding takes', () => {
  it.each([
    // 8,000² pixels: a row at a time, or whole
    [{ depth: 8, colour: 'rgb', interlaced: false }, 0],
    [{ depth: 16, colour: 'rgba', interlaced: false }, 0],
    [{ depth: 8, colour: 'grey', interlaced: true }, 64],
    [{ depth: 8, colour: 'rgb', interlaced: true }, 192],
    [{ depth: 16, colour: 'rgb', interlaced: true }, 384],
    [{ depth: 16, colour: 'rgba', interlaced: true }, 512],
  ] as const)('of a PNG counts interlacing, channels and depth: %j', async (header, megabytes) => {
    expect(await wholePicture(pngOfHeader({ side: 8000, ...header }))).toBe(megabytes);
  });

  it.each([
    // the coefficients: two bytes for each sample of each colour
    [{ progressive: true, chromaSubsampling: '4:4:4' }, 384],
    [{ progressive: true, chromaSubsampling: '4:2:0' }, 192],
    [{ progressive: false }, 0],
  ] as const)(
    'of a JPEG counts the coefficients where there are several scans: %j',
    async (kind, megabytes) => {
      expect(await wholePicture(await jpegOfHeader(8000, kind))).toBe(megabytes);
    },
  );

  it('of a JPEG with one colour after another is that of a progressive one', async () => {
    const bytes = await jpegOfHeader(8000, { progressive: false });
    const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
    bytes[scan + 4] = 1;
    const facts = { width: 8000, height: 8000, channels: 3, depth: 'uchar', isProgressive: false } as const;
    expect(decodingBytes('jpeg', bytes, facts, 1)).toBeGreaterThan(384e6);
  });

  it('of a JPEG finds the frame behind bytes that belong to nothing', async () => {
    const bytes = await jpegOfHeader(8000, { progressive: true });
    const junk = Buffer.concat([
      bytes.subarray(0, 2),
      Buffer.from('00ffd0ffff0011', 'hex'),
      bytes.subarray(2),
    ]);
    const facts = { width: 8000, height: 8000, channels: 3, depth: 'uchar', isProgressive: true } as const;
    expect(decodingBytes('jpeg', junk, facts, 1)).toBe(decodingBytes('jpeg', bytes, facts, 1));
  });

  it.each([
    ['webp', { lossless: true }, 'more'],
    ['webp', { lossless: false }, 'less'],
    ['gif', {}, 'more'],
    ['avif', {}, 'more'],
  ] as const)('of %s %j counts the whole picture or %s', async (format, how, relation) => {
    const content = await sharp({ create: { width: 600, height: 500, channels: 3, background: '#336699' } })
      .toFormat(format, how)
      .toBuffer();
    const rows = 600 * 500 * 3 + 12;
    if (relation === 'less') expect(await bytesFor(content)).toBe(rows);
    else expect(await bytesFor(content)).toBeGreaterThanOrEqual(rows + 600 * 500 * 8);
  });

  it('counts the frames of an animation', () => {
    const facts = { width: 1, height: 1, channels: 3, depth: 'uchar', isProgressive: false } as const;
    const of = (pages: number) => decodingBytes('gif', Buffer.alloc(0), { ...facts, pages }, 1);
    expect(of(1_000_001) - of(1)).toBeGreaterThan(70e6);
  });

  it('counts a GIF’s whole canvas, however small its frames are', () => {
    const canvas = Buffer.from('GIF89a\xff\x3f\xff\x3f', 'latin1');
    expect(
      decodingBytes(
        'gif',
        canvas,
        { width: 1, height: 1, channels: 3, depth: 'uchar', isProgressive: false, pages: 1 },
        1,
      ),
    ).toBeGreaterThan(MOST_DECODING_BYTES);
  });

  it('counts what a model wants to see', () => {
    const facts = { width: 9000, height: 9000, channels: 3, depth: 'uchar', isProgressive: false } as const;
    expect(decodingBytes('png', Buffer.alloc(0), facts, 81e6)).toBeGreaterThan(MOST_DECODING_BYTES);
  });
});

describe('a picture that would take too much memory', () => {
  it.each([
    [
      'an interlaced PNG',
      () => Promise.resolve(pngOfHeader({ side: 16_383, depth: 16, colour: 'rgba', interlaced: true })),
      '2.1',
    ],
    ['a progressive JPEG', () => jpegOfHeader(16_383, { progressive: true }), '1.5'],
  ])('%s is refused before it is decoded, with its size, the limit and what to do', async (_, make, size) => {
    const before = process.memoryUsage.rss();
    const error = await rejected(decodePicture(await make(), options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain(`cat.jpg (16383×16383) would take ${size}`);
    expect(error.message).toContain('may take 768 MiB');
    expect(error.advice).toContain('not progressive');
    expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
  });

  it('is refused for what a model wants to see of it, too', async () => {
    const content = pngOfHeader({ side: 16_000, depth: 8, colour: 'rgb', interlaced: false });
    const error = await rejected(decodePicture(content, { ...options, maxPixels: 256e6 }));
    expect(error.message).toContain('would take');
    expect(error.advice).toContain('Scale it down');
  });
});
