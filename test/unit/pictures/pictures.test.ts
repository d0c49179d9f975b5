import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture, type Picture } from '../../../src-main/pictures/pictures.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

const options = { maxPixels: 1e6 };
const RED = [220, 30, 30];
const BLUE = [30, 30, 220];

/** Upright it is 32 × 48: red above, blue below, and white in its top left corner. */
function upright(): Buffer {
  const pixels = Buffer.alloc(32 * 48 * 3);
  for (let y = 0; y < 48; y++) {
    for (let x = 0; x < 32; x++) {
      const colour = y < 16 && x < 16 ? [255, 255, 255] : y < 24 ? RED : BLUE;
      pixels.set(colour, (y * 32 + x) * 3);
    }
  }
  return pixels;
}

const fromPixels = () => sharp(upright(), { raw: { width: 32, height: 48, channels: 3 } });
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#336699' } });
const noisy = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: 'white',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  });

function pixel(picture: Picture, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.data.subarray(at, at + 3)];
}

/** Lossy formats keep colours nearly. */
function expectColour(found: readonly number[], wanted: readonly number[]): void {
  found.forEach((value, i) => expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThan(30));
}

function expectUpright(picture: Picture): void {
  expect([picture.width, picture.height]).toEqual([32, 48]);
  expect(picture.data).toHaveLength(32 * 48 * 3);
  expectColour(pixel(picture, 4, 4), [255, 255, 255]);
  expectColour(pixel(picture, 28, 4), RED);
  expectColour(pixel(picture, 4, 44), BLUE);
  expectColour(pixel(picture, 28, 44), BLUE);
}

/** A PNG that says how large it is and stops there. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(17);
  header.write('IHDR');
  header.writeUInt32BE(width, 4);
  header.writeUInt32BE(height, 8);
  header.set([8, 2, 0, 0, 0], 12);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(13);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(header));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const data = Buffer.from('0000000049444154', 'hex');
  return Buffer.concat([signature, length, header, sum, data, Buffer.from('35af061e', 'hex')]);
}

describe('a photograph is put upright', () => {
  // EXIF 2.32, 4.6.4: which sides of the upright picture the stored first row and first column are
  const sides: Record<number, readonly [row: string, column: string]> = {
    1: ['top', 'left'],
    2: ['top', 'right'],
    3: ['bottom', 'right'],
    4: ['bottom', 'left'],
    5: ['left', 'top'],
    6: ['right', 'top'],
    7: ['right', 'bottom'],
    8: ['left', 'bottom'],
  };

  /** The upright picture as a camera held that way stores it. */
  function stored(orientation: number): Sharp {
    const [row = '', column = ''] = sides[orientation] ?? [];
    const sideways = row === 'left' || row === 'right';
    const [width, height] = sideways ? [48, 32] : [32, 48];
    const from = upright();
    const pixels = Buffer.alloc(from.length);
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < width; c++) {
        const [alongX, alongY] = sideways ? [r, c] : [c, r];
        const x = row === 'right' || column === 'right' ? 31 - alongX : alongX;
        const y = row === 'bottom' || column === 'bottom' ? 47 - alongY : alongY;
        from.copy(pixels, (r * width + c) * 3, (y * 32 + x) * 3, (y * 32 + x) * 3 + 3);
      }
    }
    return sharp(pixels, { raw: { width, height, channels: 3 } });
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('from EXIF orientation %d', async (orientation) => {
    const photo = stored(orientation).jpeg({ quality: 100, chromaSubsampling: '4:4:4' });
    const bytes = await photo.withMetadata({ orientation }).toBuffer();
    expect((await sharp(bytes).metadata()).orientation).toBe(orientation);
    expectUpright(await decodePicture(bytes, options));
  });
});

describe('a picture is read', () => {
  it.each(['png', 'jpeg', 'webp', 'avif', 'gif'] as const)('as %s', async (format) => {
    const bytes = await fromPixels().toFormat(format, { quality: 95 }).toBuffer();
    expectUpright(await decodePicture(bytes, options));
  });

  it.each([
    ['a palette', () => fromPixels().png({ palette: true })],
    ['16 bits a channel', () => fromPixels().toColourspace('rgb16').png()],
    ['interlacing', () => fromPixels().png({ progressive: true })],
  ])('as PNG with %s', async (_, make) => {
    expectUpright(await decodePicture(await make().toBuffer(), options));
  });

  it.each([
    ['PNG', () => fromPixels().greyscale().png()],
    ['JPEG', () => fromPixels().greyscale().jpeg()],
    ['16-bit PNG', () => fromPixels().greyscale().toColourspace('grey16').png()],
  ])('as greyscale %s, grey in all three channels', async (_, make) => {
    const picture = await decodePicture(await make().toBuffer(), options);
    expect(picture.data).toHaveLength(32 * 48 * 3);
    const [red, green, blue] = pixel(picture, 28, 44);
    expect([green, blue]).toEqual([red, red]);
    expect(red).toBeGreaterThan(10);
    expect(red).toBeLessThan(120);
    expectColour(pixel(picture, 4, 4), [255, 255, 255]);
  });

  it('as CMYK JPEG', async () => {
    const picture = await decodePicture(await fromPixels().toColourspace('cmyk').jpeg().toBuffer(), options);
    expect(picture.data).toHaveLength(32 * 48 * 3);
    expectColour(pixel(picture, 4, 4), [255, 255, 255]);
    const [red = 0, , blue = 0] = pixel(picture, 28, 44);
    expect(blue).toBeGreaterThan(red);
  });

  it('on white where it is transparent, also in part', async () => {
    const pixels = Buffer.from([0, 0, 0, 0, 0, 0, 0, 128, 200, 100, 50, 255, 9, 9, 9, 0]);
    const bytes = await sharp(pixels, { raw: { width: 4, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const picture = await decodePicture(bytes, options);
    expect(pixel(picture, 0, 0)).toEqual([255, 255, 255]);
    expectColour(pixel(picture, 1, 0), [127, 127, 127]);
    expect(pixel(picture, 2, 0)).toEqual([200, 100, 50]);
    expect(pixel(picture, 3, 0)).toEqual([255, 255, 255]);
  });

  it('of a single pixel', async () => {
    const picture = await decodePicture(await plain(1, 1).png().toBuffer(), options);
    expect([picture.width, picture.height, ...picture.data]).toEqual([1, 1, 0x33, 0x66, 0x99]);
  });

  it('from a file, whatever its name ends in', async () => {
    const path = join(temporaryFolder(), 'Bild – ünï.txt');
    writeFileSync(path, await fromPixels().png().toBuffer());
    expectUpright(await decodePicture(path, options));
  });

  it('without notes when there is nothing to note', async () => {
    expect((await decodePicture(await plain(8, 8).gif().toBuffer(), options)).notes).toEqual([]);
  });
});

describe('an animation', () => {
  it.each(['gif', 'webp'] as const)('(%s) is its first frame, and the person is told', async (format) => {
    const frames = Buffer.concat([Buffer.alloc(20 * 20 * 3, 200), Buffer.alloc(20 * 20 * 3, 20)]);
    const bytes = await sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } })
      .toFormat(format)
      .toBuffer();
    const picture = await decodePicture(bytes, { ...options, name: 'dance.gif' });
    expect([picture.width, picture.height]).toEqual([20, 20]);
    expectColour(pixel(picture, 10, 10), [200, 200, 200]);
    expect(picture.notes).toEqual([expect.stringContaining('dance.gif is animated')]);
  });
});

describe('a large picture', () => {
  it.each([
    [400, 400, 1000],
    [640, 480, 784 * 64],
    [333, 777, 12_345],
    [4000, 50, 5000],
    [99, 1, 1],
  ])('of %d×%d is scaled down to at most %d pixels', async (width, height, maxPixels) => {
    const picture = await decodePicture(await plain(width, height).png().toBuffer(), { maxPixels });
    // a strip keeps a pixel on its short side
    expect(picture.width * picture.height).toBeLessThanOrEqual(
      Math.max(maxPixels, picture.width, picture.height),
    );
    expect(picture.data).toHaveLength(picture.width * picture.height * 3);
  });

  it('keeps its shape, and most of the pixels it may have', async () => {
    const picture = await decodePicture(await plain(1600, 900).jpeg().toBuffer(), { maxPixels: 100_000 });
    expect(picture.width / picture.height).toBeCloseTo(16 / 9, 1);
    expect(picture.width * picture.height).toBeGreaterThan(95_000);
  });

  it('that is small enough keeps its size', async () => {
    const picture = await decodePicture(await plain(100, 50).png().toBuffer(), { maxPixels: 5000 });
    expect([picture.width, picture.height]).toEqual([100, 50]);
  });

  it('lying on its side is scaled by its upright shape', async () => {
    const bytes = await plain(400, 100).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const picture = await decodePicture(bytes, { maxPixels: 10_000 });
    expect([picture.width, picture.height]).toEqual([50, 200]);
  });

  it('of 20,000 × 20,000 pixels is refused before it is decoded', async () => {
    const error = await rejected(decodePicture(pngHeader(20_000, 20_000), { ...options, name: 'map.png' }));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain('map.png has 20000×20000 pixels');
    expect(error.advice).toContain('Scale it down');
  });

  it.each([
    [10_000, 20],
    [20, 10_000],
  ])('that is a strip of %d×%d is refused', async (width, height) => {
    const error = await rejected(decodePicture(await plain(width, height).png().toBuffer(), options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain(`${width}×${height}`);
    expect(error.advice).toContain('Crop');
  });
});

describe('what is no usable picture', () => {
  const inFile = (name: string, content: Uint8Array | string) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, content);
    return path;
  };

  it('a file that is not there is named', async () => {
    const error = await rejected(decodePicture('/nowhere/cat.jpg', options));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain('/nowhere/cat.jpg');
  });

  it.each([
    ['letter.jpg', 'Dear Sir or Madam,'],
    ['missing.jpg', 'No such file or directory: this text is about missing files (ENOENT).'],
    ['model.png', 'GGUF'],
  ])('%s, which holds something else, is told so', async (name, content) => {
    const error = await rejected(decodePicture(inFile(name, content), options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain(name);
    expect(error.advice).toContain('JPEG, PNG');
  });

  it('that is empty is to be copied again', async () => {
    const error = await rejected(decodePicture(inFile('empty.png', ''), options));
    expect(error).toMatchObject({ code: 'BAD_PICTURE', advice: 'Copy or download it again.' });
    expect(error.message).toContain('empty.png is empty');
  });

  it('a folder', async () => {
    const folder = join(temporaryFolder(), 'photos.jpg');
    mkdirSync(folder);
    expect((await rejected(decodePicture(folder, options))).code).toBe('BAD_PICTURE');
  });

  it.each([
    ['an SVG drawing', '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'],
    ['an SVG drawing', '<?xml version="1.0"?>\n<!-- a drawing --><svg width="8" height="8"/>'],
    ['a JPEG XL picture', '\xff\x0a'],
    ['a JPEG 2000 picture', '\0\0\0\x0cjP  '],
    ['an icon', '\0\0\x01\0'],
    ['a video', '\0\0\0\x14ftypqt  \0\0\0\0qt  '],
    ['a raw photograph', 'II*\0\x10\0\0\0CR\x02\0'],
    // its first directory says that its picture is a preview, or that it is a DNG
    ['a raw photograph', 'MM\0*\0\0\0\x08\0\x01\0\xfe\0\x04\0\0\0\x01\0\0\0\x01'],
    ['a raw photograph', 'II*\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0'],
  ])('%s, by what it holds and not by its name, with a way on', async (what, content) => {
    const path = inFile('picture.jpg', Buffer.from(content, 'latin1'));
    const error = await rejected(decodePicture(path, options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain(`is ${what}`);
    expect(error.advice).toMatch(/[Ss]ave it|screenshot/);
  });

  it.each([0.02, 0.3, 0.6, 0.95])('a JPEG of which %d arrived', async (share) => {
    const whole = await noisy(300, 200).jpeg().toBuffer();
    const error = await rejected(decodePicture(whole.subarray(0, Math.floor(whole.length * share)), options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.advice).toBeTruthy();
  });

  it.each(['png', 'webp', 'gif', 'avif'] as const)('half a %s', async (format) => {
    const whole = await noisy(300, 200).toFormat(format).toBuffer();
    const error = await rejected(decodePicture(whole.subarray(0, whole.length >> 1), options));
    expect(error.code).toBe('BAD_PICTURE');
  });

  it('a PNG with damaged bytes inside', async () => {
    const bytes = await noisy(300, 200).png().toBuffer();
    bytes.fill(0xff, 3000, 4000);
    const error = await rejected(decodePicture(bytes, { ...options, name: 'holiday.png' }));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain('holiday.png is damaged');
  });

  it('a file without a byte', async () => {
    const error = await rejected(decodePicture(inFile('empty.jpg', ''), options));
    expect(error.message).toContain('empty.jpg is empty');
  });

  it('a file of more bytes than a picture may have, before they are read', async () => {
    const path = inFile('film.png', await plain(8, 8).png().toBuffer());
    truncateSync(path, 2 ** 40);
    const error = await rejected(decodePicture(path, options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain('film.png is larger than 64 MiB');
  });

  it.skipIf(platform() === 'win32')('a FIFO that nobody writes to, without waiting', async () => {
    const fifo = join(temporaryFolder(), 'cat.jpg');
    execFileSync('mkfifo', [fifo]);
    const error = await rejected(decodePicture(fifo, options));
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain('is a pipe, not a file');
    expect((await rejected(decodePicture('/dev/zero', options))).message).toContain('a device');
  });

  it.each([
    ['baseline', () => noisy(64, 64).jpeg().toBuffer()],
    ['progressive', () => noisy(64, 64).jpeg({ progressive: true }).toBuffer()],
  ])('a %s JPEG without a scan is damaged, not missing', async (_, make) => {
    const whole = await make();
    const withoutScan = whole.subarray(0, whole.indexOf(Buffer.from([0xff, 0xda])));
    for (const source of [
      withoutScan,
      Buffer.concat([withoutScan, Buffer.from([0xff, 0xd9])]),
      inFile('cat.jpg', withoutScan),
    ]) {
      const error = await rejected(decodePicture(source, { ...options, name: 'cat.jpg' }));
      expect(error.code).toBe('BAD_PICTURE');
      expect(error.message).toBe('cat.jpg is damaged and cannot be decoded');
    }
  });

  it('a picture of one kind that continues as another', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>';
    const error = await rejected(decodePicture(Buffer.from(`\xff\xd8\xff${svg}`, 'latin1'), options));
    expect(error.code).toBe('BAD_PICTURE');
  });

  it('a palette PNG that lost its palette is damaged, not missing', async () => {
    const bytes = await plain(16, 16).png({ palette: true }).toBuffer();
    const start = bytes.indexOf('PLTE') - 4;
    const end = start + 12 + bytes.readUInt32BE(start);
    const without = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
    expect((await rejected(decodePicture(inFile('palette.png', without), options))).code).toBe('BAD_PICTURE');
  });
});

describe('the id of a picture', () => {
  it('is the same for the same pixels, from whatever file', async () => {
    const [png, webp] = await Promise.all([
      fromPixels().png().toBuffer(),
      fromPixels().webp({ lossless: true }).toBuffer(),
    ]);
    const fromPng = await decodePicture(png, options);
    expect((await decodePicture(webp, options)).id).toBe(fromPng.id);
    expect((await decodePicture(png, options)).id).toBe(fromPng.id);
  });

  it('is another one for other pixels, another shape or another size', async () => {
    const sizes: [number, number][] = [
      [20, 30],
      [30, 20],
      [60, 10],
    ];
    const pictures = await Promise.all(
      sizes.map(async ([width, height]) =>
        decodePicture(await plain(width, height).png().toBuffer(), options),
      ),
    );
    const other = await decodePicture(await fromPixels().resize(20, 30).png().toBuffer(), options);
    expect(new Set([...pictures, other].map(({ id }) => id)).size).toBe(4);
  });
});

describe('several pictures at once', () => {
  it('are decoded one after the other', async () => {
    const bytes = await noisy(600, 400).png().toBuffer();
    let most = 0;
    const looking = setInterval(() => (most = Math.max(most, sharp.counters().process)), 1);
    try {
      await Promise.all(Array.from({ length: 8 }, () => decodePicture(bytes, options)));
    } finally {
      clearInterval(looking);
    }
    expect(most).toBe(1);
  });

  it('do not suffer from a bad one among them', async () => {
    const good = await plain(8, 8).png().toBuffer();
    const [first, bad, last] = await Promise.allSettled(
      [good, Buffer.from('nothing'), good].map((bytes) => decodePicture(bytes, options)),
    );
    expect([first?.status, bad?.status, last?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
