import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { OutOfMemory, decodeHeic } from '../../../src-main/pictures/decoders/heic.ts';
import { PdfDocument } from '../../../src-main/pictures/decoders/pdf.ts';
import { documentPages } from '../../../src-main/pictures/document-pages.ts';
import { decodePicture, preparePicture, type Picture } from '../../../src-main/pictures/pictures.ts';
import { bmpOf } from '../../helpers/bmp.ts';
import { heic, heicHeader } from '../../helpers/heic.ts';
import { pageOf, pdfOf } from '../../helpers/pdf.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

// Kinds of pictures that browsers don't show.

const options = { name: 'it', maxPixels: 1e6 };
const RED = [208, 32, 32];
const BLUE = [32, 64, 208];
const GREEN = [32, 160, 64];

function pixel(picture: Picture, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.data.subarray(at, at + 3)];
}

function expectColour(found: readonly number[], wanted: readonly number[]): void {
  found.forEach((value, i) => expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThan(12));
}

describe('a photograph in HEIC', () => {
  it.each([
    ['of 8 bits', heic.upright],
    ['of 10 bits', heic.deep],
    ['in Display P3', heic.inDisplayP3],
  ])('%s is decoded', async (_, make) => {
    const picture = await decodePicture(make(), options);
    expect([picture.width, picture.height]).toEqual([64, 96]);
    expectColour(pixel(picture, 32, 10), RED);
    expectColour(pixel(picture, 10, 80), BLUE);
    expectColour(pixel(picture, 50, 80), GREEN);
    expect(picture.notes).toEqual([]);
  });

  it.each([
    [1, [96, 64], { red: [10, 32], blue: [80, 50], green: [80, 10] }],
    [2, [64, 96], { red: [32, 80], blue: [50, 10], green: [10, 10] }],
    [3, [96, 64], { red: [80, 32], blue: [10, 10], green: [10, 50] }],
  ] as const)('turned by %d quarters is upright', async (quarters, size, { red, blue, green }) => {
    const picture = await decodePicture(heic.turned(quarters), options);
    expect([picture.width, picture.height]).toEqual(size);
    expectColour(pixel(picture, red[0], red[1]), RED);
    expectColour(pixel(picture, blue[0], blue[1]), BLUE);
    expectColour(pixel(picture, green[0], green[1]), GREEN);
  });

  it('of several is the first, and the person is told', async () => {
    const { notes } = await decodePicture(heic.two(), { ...options, name: 'burst.heic' });
    expect(notes).toEqual(['burst.heic holds 2 pictures; only the first is used']);
  });

  it('that is white on a transparent ground can be seen', async () => {
    const picture = await decodePicture(heic.whiteOnTransparent(), options);
    expectColour(pixel(picture, 32, 32), [255, 255, 255]);
    expect(pixel(picture, 1, 1)[0]).toBeLessThan(100);
  });

  it('of which only half arrived is damaged', async () => {
    const whole = heic.upright();
    const error = await rejected(decodePicture(whole.subarray(0, -60), options));
    expect(error).toMatchObject({ code: 'BAD_PICTURE', message: 'it is damaged and cannot be decoded' });
  });

  it('whose content is no HEVC is damaged', async () => {
    const bytes = await heicHeader(64, 64);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'heif', compression: 'hevc' });
    expect((await rejected(decodePicture(bytes, options))).message).toContain('is damaged');
  });

  it('that says it is huge is refused before it is decoded', async () => {
    const error = await rejected(decodePicture(heic.ofSize(10_000, 9000), options));
    expect(error.message).toMatch(/\(10000×9000\) would take 1\.\d+ GiB of memory/);
  });

  it('that takes more memory than its decoder may have ends there', () => {
    const large = Buffer.concat([heic.upright(), Buffer.alloc(32 * 2 ** 20)]);
    expect(() => decodeHeic(large, 32 * 2 ** 20)).toThrow(OutOfMemory);
  });
});

describe('a TIFF', () => {
  const drawn = () =>
    sharp({ create: { width: 24, height: 16, channels: 3, background: { r: 208, g: 32, b: 32 } } });

  it.each([
    ['as it is', () => drawn().tiff()],
    ['packed with LZW', () => drawn().tiff({ compression: 'lzw' })],
    ['of 16 bits', () => drawn().toColourspace('rgb16').tiff()],
    ['in CMYK', () => drawn().toColourspace('cmyk').tiff()],
    ['in tiles', () => drawn().tiff({ tile: true, tileWidth: 16, tileHeight: 16 })],
  ])('%s is decoded', async (_, make) => {
    const picture = await decodePicture(await make().toBuffer(), options);
    expect([picture.width, picture.height]).toEqual([24, 16]);
    // CMYK without a profile is nearly that colour
    expect(pixel(picture, 4, 4)[0]).toBeGreaterThan(170);
    expect(pixel(picture, 4, 4)[1]).toBeLessThan(90);
  });

  it('on its side is upright', async () => {
    const bytes = await drawn().withMetadata({ orientation: 6 }).tiff().toBuffer();
    expect(await decodePicture(bytes, options)).toMatchObject({ width: 16, height: 24 });
  });

  it('of several pages is the first, and the person is told', async () => {
    const pages = Buffer.concat([Buffer.alloc(8 * 8 * 3, 200), Buffer.alloc(8 * 8 * 3, 20)]);
    const bytes = await sharp(pages, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .tiff()
      .toBuffer();
    const picture = await decodePicture(bytes, { ...options, name: 'fax.tif' });
    expect(pixel(picture, 4, 4)).toEqual([200, 200, 200]);
    expect(picture.notes).toEqual(['fax.tif has 2 pages; only its first is used']);
  });

  it('that is cut off is damaged', async () => {
    const whole = await drawn().tiff().toBuffer();
    expect((await rejected(decodePicture(whole.subarray(0, 300), options))).code).toBe('BAD_PICTURE');
  });

  it('that says it is huge is refused before it is decoded', async () => {
    const bytes = await drawn().tiff().toBuffer();
    const [width, height] = [entryAt(bytes, 256), entryAt(bytes, 257)];
    for (const at of [width, height]) {
      bytes.writeUInt16LE(4, at + 2);
      bytes.writeUInt32LE(16_000, at + 8);
    }
    const error = await rejected(decodePicture(bytes, options));
    expect(error.message).toMatch(/\(16000×16000\) would take 1\.\d+ GiB of memory/);
  });
});

/** Where a little-endian TIFF has the entry of a tag. */
function entryAt(bytes: Buffer, tag: number): number {
  const directory = bytes.readUInt32LE(4);
  for (let at = directory + 2; at < bytes.length; at += 12) if (bytes.readUInt16LE(at) === tag) return at;
  return expect.fail('there is no such tag');
}

describe('a BMP', () => {
  const palette = [
    [208, 64, 32, 0],
    [32, 32, 208, 0],
  ] as const;

  // blue at the top left, all else red; rows are stored from the bottom, each filled up to four bytes
  it.each([
    ['of 1 bit', { bits: 1, palette, pixels: [0b11100000, 0, 0, 0, 0b01100000, 0, 0, 0] }],
    ['of 4 bits', { bits: 4, palette, pixels: [0x11, 0x10, 0, 0, 0x01, 0x10, 0, 0] }],
    ['of 8 bits', { bits: 8, palette, pixels: [1, 1, 1, 0, 0, 1, 1, 0] }],
    ['of OS/2', { bits: 8, palette, core: true, pixels: [1, 1, 1, 0, 0, 1, 1, 0] }],
    ['from the top', { bits: 8, height: -2, palette, pixels: [0, 1, 1, 0, 1, 1, 1, 0] }],
    ['in runs', { bits: 8, compression: 1, palette, pixels: [3, 1, 0, 0, 1, 0, 2, 1, 0, 1] }],
    [
      'in runs with pieces as they are',
      { bits: 8, compression: 1, palette, pixels: [0, 3, 1, 1, 1, 0, 0, 0, 0, 3, 0, 1, 1, 0, 0, 1] },
    ],
    [
      'in runs of 4 bits',
      { bits: 4, compression: 2, palette, pixels: [3, 0x11, 0, 0, 1, 0x00, 2, 0x11, 0, 1] },
    ],
    [
      'of 24 bits',
      {
        bits: 24,
        pixels: [
          ...[32, 32, 208, 32, 32, 208, 32, 32, 208, 0, 0, 0],
          ...[208, 64, 32, 32, 32, 208, 32, 32, 208, 0, 0, 0],
        ],
      },
    ],
    [
      'of 32 bits',
      {
        bits: 32,
        pixels: [
          ...[32, 32, 208, 0, 32, 32, 208, 0, 32, 32, 208, 0],
          ...[208, 64, 32, 0, 32, 32, 208, 0, 32, 32, 208, 0],
        ],
      },
    ],
    [
      'of 32 bits with masks and an alpha that nobody set',
      {
        ...{ bits: 32, compression: 3, masks: [0xff, 0xff00, 0xff0000, 0xff000000] },
        pixels: [
          ...[208, 32, 32, 0, 208, 32, 32, 0, 208, 32, 32, 0],
          ...[32, 64, 208, 0, 208, 32, 32, 0, 208, 32, 32, 0],
        ],
      },
    ],
    ['of 16 bits, 5 each', { bits: 16, pixels: words(0x6484, 0x6484, 0x6484, 0, 0x111a, 0x6484, 0x6484, 0) }],
    [
      'of 16 bits with masks',
      {
        ...{ bits: 16, compression: 3, masks: [0xf800, 0x07e0, 0x001f] },
        pixels: words(0xc904, 0xc904, 0xc904, 0, 0x221a, 0xc904, 0xc904, 0),
      },
    ],
  ])('%s is decoded', async (_, file) => {
    const picture = await decodePicture(bmpOf({ width: 3, height: 2, ...file }), options);
    expect([picture.width, picture.height]).toEqual([3, 2]);
    expectColour(pixel(picture, 0, 0), BLUE);
    for (const [x, y] of [
      [1, 0],
      [2, 0],
      [0, 1],
      [2, 1],
    ] as const)
      expectColour(pixel(picture, x, y), RED);
  });

  it('with an alpha of its own is laid on white', async () => {
    const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
    const pixels = [0, 0, 0, 255, 0, 0, 0, 0];
    const picture = await decodePicture(
      bmpOf({ width: 2, height: 1, bits: 32, compression: 3, masks, pixels }),
      options,
    );
    expect([pixel(picture, 0, 0), pixel(picture, 1, 0)]).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
  });

  it.each([
    ['cut off', bmpOf({ width: 300, height: 200, bits: 24, pixels: [1, 2, 3] })],
    ['cut off in a run', bmpOf({ width: 30, height: 20, bits: 8, compression: 1, palette, pixels: [3] })],
    ['of a header alone', Buffer.from('BM\0\0\0\0')],
    ['of no pixels', bmpOf({ width: 0, height: 2, bits: 24, pixels: [] })],
    ['of 7 bits', bmpOf({ width: 1, height: 1, bits: 7, pixels: [0] })],
  ])('%s is damaged', async (_, bytes) => {
    const error = await rejected(decodePicture(bytes, options));
    expect(error).toMatchObject({ code: 'BAD_PICTURE', message: 'it is damaged and cannot be decoded' });
  });

  it('that says it is huge is refused before it is decoded', async () => {
    const bytes = bmpOf({ width: 16_000, height: 16_000, bits: 8, compression: 1, pixels: [0, 1] });
    expect((await rejected(decodePicture(bytes, options))).message).toMatch(/would take .* of memory/);
  });
});

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

describe('a PDF document', () => {
  const document = pdfOf([pageOf([1, 0, 0]), pageOf([0, 0, 1], 72, 144), pageOf([0, 1, 0])]);

  it('is its first page, on white, large enough for small print', async () => {
    const dot = { width: 72, height: 36, drawing: '0 0 0 rg 0 0 36 36 re f' };
    const picture = await decodePicture(pdfOf([dot]), options);
    expect([picture.width, picture.height]).toEqual([200, 100]);
    expect([pixel(picture, 10, 50), pixel(picture, 190, 50)]).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
    expect(picture.notes).toEqual([]);
  });

  it('is the page that its path names', async () => {
    const path = join(temporaryFolder(), 'report.pdf');
    writeFileSync(path, document);
    const first = await decodePicture(path, { maxPixels: 1e6 });
    expect(pixel(first, 5, 5)).toEqual([255, 0, 0]);
    expect(first.notes).toEqual([`${path} has 3 pages; only its first is used`]);
    const second = await decodePicture(`${path}#page=2`, { maxPixels: 1e6 });
    expect([second.width, second.height, ...pixel(second, 5, 5)]).toEqual([200, 400, 0, 0, 255]);
    const error = await rejected(decodePicture(`${path}#page=9`, options));
    expect(error).toMatchObject({ message: 'it has no page 9', advice: 'Choose one from 1 to 3.' });
  });

  it('of large pages is drawn as large as is useful', async () => {
    const poster = await decodePicture(pdfOf([pageOf([1, 0, 0], 7200, 7200)]), { maxPixels: 10_000 });
    expect([poster.width, poster.height]).toEqual([100, 100]);
  });

  it('shows some of its pages, to choose from', async () => {
    const { pages, thumbnails } = await documentPages({ bytes: document, name: 'it', first: 2, count: 12 });
    expect([pages, ...thumbnails.map(({ page }) => page)]).toEqual([3, 2, 3]);
    const bytes = Buffer.from(thumbnails[0]?.url?.replace('data:image/png;base64,', '') ?? '', 'base64');
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, ...data.subarray(0, 3)]).toEqual([120, 240, 0, 0, 255]);
  });

  it('with a password says so', async () => {
    const bytes = pdfOf([pageOf([1, 0, 0])], { encrypted: true });
    const error = await rejected(decodePicture(bytes, options));
    expect(error).toMatchObject({ code: 'BAD_PICTURE', message: 'it is protected by a password' });
  });

  it.each(['%PDF-1.7', '%PDF-1.7\ntrailer<</Root 1 0 R>>'])(
    'that is broken (%j) is damaged',
    async (content) => {
      const error = await rejected(decodePicture(Buffer.from(content), options));
      expect(error).toMatchObject({ code: 'BAD_PICTURE', message: 'it is damaged and cannot be decoded' });
    },
  );

  it('that takes more memory than its decoder may have ends there', async () => {
    const opened = await PdfDocument.open(document, 20 * 2 ** 20);
    expect(() => opened.render(0, { width: 4000, height: 4000 })).toThrow();
  });
});

describe('a picture that is kept', () => {
  const shown = async (bytes: Uint8Array, page?: number) => {
    const prepared = await preparePicture({ bytes, name: 'it', page });
    const { format, width, height } = await sharp(prepared.converted ?? bytes).metadata();
    expect([prepared.width, prepared.height]).toEqual([width, height]);
    return { format, notes: prepared.notes, converted: prepared.converted !== undefined };
  };
  const frames = () =>
    sharp(Buffer.alloc(8 * 16 * 3).fill(200, 0, 8 * 8 * 3), {
      raw: { width: 8, height: 16, channels: 3, pageHeight: 8 },
    });

  it('is the file itself, where browsers show the same of it', async () => {
    const plain = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'avif'] as const) {
      expect(await shown(await plain.clone().toFormat(format).toBuffer())).toMatchObject({
        converted: false,
      });
    }
  });

  it('is a PNG of what browsers do not show', async () => {
    const converted = { format: 'png', converted: true };
    expect(await shown(heic.turned(1))).toMatchObject(converted);
    expect(await shown(bmpOf({ width: 1, height: 1, bits: 24, pixels: [1, 2, 3, 0] }))).toMatchObject(
      converted,
    );
    expect(await shown(await frames().tiff().toBuffer())).toMatchObject(converted);
    const document = pdfOf([pageOf([1, 0, 0]), pageOf([0, 0, 1])]);
    const notes = ['it has 2 pages; only its first is used'];
    expect(await shown(document)).toEqual({ ...converted, notes });
    expect(await shown(document, 2)).toEqual({ ...converted, notes: [] });
  });

  it.each(['gif', 'webp'] as const)('is the still frame of an animation (%s)', async (format) => {
    const notes = ['it is animated; only its first frame is used'];
    expect(await shown(await frames().toFormat(format).toBuffer())).toEqual({
      ...{ format: 'png', converted: true, notes },
    });
  });

  it('from before animations were kept as their first frame is not called by its hash', async () => {
    const path = join(temporaryFolder(), 'a1'.repeat(32));
    writeFileSync(path, await frames().gif().toBuffer());
    const { notes } = await decodePicture(path, { maxPixels: 1e6 });
    expect(notes).toEqual(['the picture is animated; only its first frame is used']);
  });

  it('is the still frame of an animated PNG', async () => {
    const still = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const control = Buffer.from('\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\x5d\xe1\x62\x97', 'latin1');
    const animated = Buffer.concat([still.subarray(0, 33), control, still.subarray(33)]);
    expect(await shown(animated)).toMatchObject({ converted: true });
  });

  it('is a JPEG where a PNG would be needlessly large', async () => {
    const scan = sharp({ create: { width: 3000, height: 2000, channels: 3, background: 'red' } });
    expect(await shown(await scan.tiff({ compression: 'lzw' }).toBuffer())).toMatchObject({ format: 'jpeg' });
  });
});
