import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOST_DECODING_BYTES } from '../../src-main/pictures/picture-memory.ts';
import { forkWorker } from '../../src-main/engine/fork-worker.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { blackPng, jpegOfHeader, pngOfHeader } from '../helpers/picture-bombs.ts';
import { rejected } from '../helpers/thrown.ts';
import { isAlive, until } from '../helpers/until.ts';

// Pictures on their way into the app, with the real process that decodes them; this one is the app's.

/** Node with its own code and sharp's, before it decodes. */
const PROCESS_BYTES = 150e6;
const LINUX = process.platform === 'linux';

let home: string;
let services: Services;
let started = 0;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'snug-pictures-'));
  const start = (entry: string) => {
    if (entry.includes('picture-worker')) started++;
    return forkWorker(entry);
  };
  services = await openServices({ home, door: 'browser', start });
});

afterAll(async () => {
  await services.close();
  rmSync(home, { recursive: true, force: true });
});

/** Processes that decode pictures for this one, by their id. */
function pictureProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [status, command] = [readProc(pid, 'status'), readProc(pid, 'cmdline')];
      return status.includes(`PPid:\t${process.pid}\n`) && command.includes('picture-worker');
    })
    .map(Number);
}

function readProc(pid: string | number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // it has ended
    return '';
  }
}

const peakOf = (pid: number) => Number(/^VmHWM:\s*(\d+)/m.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1024;

/** One that waits for its next picture still has the peak of those before. */
async function endPictureProcesses(): Promise<void> {
  if (!LINUX) return;
  for (const pid of pictureProcesses()) process.kill(pid);
  await until(() => pictureProcesses().length === 0);
}

/** What a job makes this process grow by, and the picture processes' highest memory meanwhile. */
async function watched<Result>(job: () => Promise<Result>) {
  const before = process.memoryUsage.rss();
  let [growth, peak] = [0, 0];
  const look = () => {
    growth = Math.max(growth, process.memoryUsage.rss() - before);
    if (LINUX) peak = Math.max(peak, ...pictureProcesses().map(peakOf));
  };
  const timer = setInterval(look, 10);
  try {
    const result = await job();
    look();
    return { result, growth, peak };
  } finally {
    clearInterval(timer);
  }
}

describe('bombs', () => {
  it('several at once are decoded elsewhere, one at a time', async () => {
    // 338 MB each when decoded
    const bomb = await blackPng({ side: 6500, depth: 16, colour: 'rgba', interlaced: true });
    const { result, growth, peak } = await watched(() =>
      Promise.all([1, 2, 3, 4].map((i) => services.addPicture(bomb, `bomb-${i}.png`))),
    );
    expect(result.map(({ width, height }) => [width, height])).toEqual(Array(4).fill([6500, 6500]));
    expect(growth).toBeLessThan(100e6);
    if (!LINUX) return;
    expect(peak).toBeGreaterThan(338e6);
    expect(peak).toBeLessThan(2 * 338e6);
  });

  it.each([
    [
      'an interlaced PNG',
      () => Promise.resolve(pngOfHeader({ side: 16_383, depth: 16, colour: 'rgba', interlaced: true })),
    ],
    ['a progressive JPEG', () => jpegOfHeader(16_383, { progressive: true })],
  ])('%s that would take gigabytes is refused before it does', async (_, make) => {
    const bomb = await make();
    await endPictureProcesses();
    const { result, growth, peak } = await watched(() => rejected(services.addPicture(bomb, 'bomb')));
    expect(result.code).toBe('BAD_PICTURE');
    expect(result.message).toContain('may take 768 MiB');
    expect(growth).toBeLessThan(100e6);
    expect(peak).toBeLessThan(PROCESS_BYTES);
  });

  it('what is let through stays under the limit', async () => {
    const over = pngOfHeader({ side: 9900, depth: 16, colour: 'rgba', interlaced: true });
    const error = await rejected(services.addPicture(over, 'just-over.png'));
    expect(error.message).toContain('would take');
    const most = await blackPng({ side: 8900, depth: 16, colour: 'rgba', interlaced: true });
    const { result, growth, peak } = await watched(() => services.addPicture(most, 'just-under.png'));
    expect(result.width).toBe(8900);
    expect(growth).toBeLessThan(100e6);
    expect(peak).toBeLessThan(MOST_DECODING_BYTES + PROCESS_BYTES);
  });
});

describe('large photographs', () => {
  const photograph = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#336699' } });

  it.each([
    ['108 megapixels as JPEG', 12_000, 9000, (photo: Sharp) => photo.jpeg()],
    [
      '108 megapixels as JPEG on its side',
      12_000,
      9000,
      (photo: Sharp) => photo.withMetadata({ orientation: 6 }).jpeg(),
    ],
    ['48 megapixels as progressive JPEG', 8000, 6000, (photo: Sharp) => photo.jpeg({ progressive: true })],
    ['48 megapixels as PNG', 8000, 6000, (photo: Sharp) => photo.png({ compressionLevel: 1 })],
    [
      '12 megapixels as interlaced PNG',
      4000,
      3000,
      (photo: Sharp) => photo.png({ progressive: true, compressionLevel: 1 }),
    ],
    ['12 megapixels as WebP', 4000, 3000, (photo: Sharp) => photo.webp({ effort: 0 })],
    ['12 megapixels as AVIF', 4000, 3000, (photo: Sharp) => photo.avif({ effort: 0 })],
  ])('of %s are opened', async (name, width, height, make) => {
    const bytes = await make(photograph(width, height)).toBuffer();
    const { result, peak } = await watched(() => services.addPicture(bytes, name));
    expect([result.width, result.height].sort()).toEqual([width, height].sort());
    expect(peak).toBeLessThan(MOST_DECODING_BYTES + PROCESS_BYTES);
  });
});

it.runIf(LINUX)('a process killed while it decodes costs that picture, and the next is taken', async () => {
  const large = await blackPng({ side: 6500, depth: 16, colour: 'rgba', interlaced: true });
  const small = (background: string) =>
    sharp({ create: { width: 9, height: 9, channels: 3, background } })
      .png()
      .toBuffer();
  const next = await small('blue');
  // the process of before has had its peak; one that refused a picture is ended
  await rejected(services.addPicture(Buffer.from('nothing'), 'nothing.png'));
  await services.addPicture(await small('red'), 'first.png');
  const [pid = 0] = pictureProcesses();
  const lost = rejected(services.addPicture(large, 'large.png'));
  const taken = services.addPicture(next, 'next.png');
  await until(() => peakOf(pid) > 200e6);
  const before = started;
  process.kill(pid, 'SIGKILL');
  const error = await lost;
  expect(error.code).toBe('BAD_PICTURE');
  expect(error.message).toContain("large.png can't be opened");
  expect((await taken).name).toBe('next.png');
  expect(started).toBe(before + 1);
  expect(isAlive(pid)).toBe(false);
});
