import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../src-main/pictures/pictures.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';
import { bmpOf } from '../../helpers/bmp.ts';
import { heic } from '../../helpers/heic.ts';
import { pageOf, pdfOf } from '../../helpers/pdf.ts';

const [WIDTH, HEIGHT] = [48, 32];

const noise = () =>
  sharp({
    create: {
      width: WIDTH,
      height: HEIGHT,
      channels: 3,
      background: 'white',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  });
const frames = () =>
  sharp(Buffer.alloc(20 * 40 * 3, 'snug'), { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } });

/** A picture of each way to decode it. */
const KINDS: readonly (readonly [string, () => Promise<Buffer>])[] = [
  ['PNG', () => noise().png().toBuffer()],
  ['interlaced 16-bit PNG', () => noise().toColourspace('rgb16').png({ progressive: true }).toBuffer()],
  ['palette PNG', () => noise().png({ palette: true }).toBuffer()],
  ['JPEG', () => noise().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  ['progressive JPEG', () => noise().jpeg({ progressive: true }).toBuffer()],
  ['CMYK JPEG', () => noise().toColourspace('cmyk').jpeg().toBuffer()],
  ['lossy WebP', () => noise().webp().toBuffer()],
  ['lossless WebP', () => noise().ensureAlpha(0.5).webp({ lossless: true }).toBuffer()],
  ['animated WebP', () => frames().webp().toBuffer()],
  ['GIF', () => noise().gif().toBuffer()],
  ['animated GIF', () => frames().gif().toBuffer()],
  ['AVIF', () => noise().avif({ effort: 0 }).toBuffer()],
  ['HEIC', () => Promise.resolve(heic.upright())],
  ['HEIC with alpha', () => Promise.resolve(heic.whiteOnTransparent())],
  ['TIFF', () => noise().tiff().toBuffer()],
  ['TIFF in tiles', () => noise().tiff({ tile: true, compression: 'lzw' }).toBuffer()],
  ['BMP', () => Promise.resolve(bmpOf({ width: 6, height: 2, bits: 24, pixels: new Uint8Array(40) }))],
  [
    'BMP in runs',
    () => Promise.resolve(bmpOf({ width: 6, height: 1, bits: 8, compression: 1, pixels: [6, 1, 0, 1] })),
  ],
  ['PDF', () => Promise.resolve(pdfOf([pageOf([1, 0, 0])]))],
];

type Random = () => number;
const below = (random: Random, end: number) => Math.floor(random() * end);

/** Bytes as damage, a careless program or an attacker leave them. */
const MUTATIONS: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1)),
  (bytes, random) => {
    for (let i = 1 + below(random, 8); i > 0; i--) bytes[below(random, bytes.length)] = below(random, 256);
    return bytes;
  },
  (bytes, random) => {
    // most that decides how a picture is decoded lies at its start
    const at = below(random, Math.min(200, bytes.length));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
    return bytes;
  },
  (bytes, random) => {
    const at = below(random, Math.max(1, Math.min(400, bytes.length) - 4));
    const values = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 0x3fff3fff];
    bytes.writeUInt32BE(values[below(random, values.length)] ?? 0, Math.min(at, bytes.length - 4));
    return bytes;
  },
  (bytes, random) => {
    const [a, b] = [below(random, bytes.length), below(random, bytes.length)];
    const piece = bytes.subarray(Math.min(a, b), Math.max(a, b));
    const at = below(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, random) => {
    const [a, b] = [below(random, bytes.length), below(random, bytes.length)];
    return Buffer.concat([bytes.subarray(0, Math.min(a, b)), bytes.subarray(Math.max(a, b))]);
  },
];

const SEEDS = 40;

describe('a picture with bytes changed', () => {
  it.each(KINDS)('is opened or refused as a bad picture: %s', async (_, make) => {
    const whole = await make();
    let refused = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed);
      const mutate = MUTATIONS[seed % MUTATIONS.length];
      const bytes = mutate?.(Buffer.from(whole), random) ?? whole;
      const outcome = await decodePicture(bytes, { name: 'cat', maxPixels: 1e4 }).catch(
        (error: unknown) => error,
      );
      if (!(outcome instanceof Error)) continue;
      refused++;
      expect(outcome, `seed ${seed}`).toBeInstanceOf(SnugError);
      expect(outcome, `seed ${seed}`).toMatchObject({ code: 'BAD_PICTURE' });
      expect(outcome.message, `seed ${seed}`).not.toMatch(/there is no file|Input file|vips/i);
      expect((outcome as SnugError).advice, `seed ${seed}`).toBeTruthy();
    }
    // mutations that are never noticed would show nothing
    expect(refused).toBeGreaterThan(SEEDS / 5);
  });
});
