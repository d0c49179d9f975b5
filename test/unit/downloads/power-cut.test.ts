import type * as Fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type * as FsPromises from 'node:fs/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ByteRanges } from '../../../src-main/downloads/byte-ranges.ts';
import { seeded } from '../../helpers/hub/content.ts';
import { downloadOf } from './download.ts';

const MIB = 2 ** 20;

/** What a power cut at any moment would find on the disk, and what the journal promised by then. */
const disk = vi.hoisted(() => ({
  written: [] as [number, number][],
  synced: [] as [number, number][],
  promised: [] as string[],
  broken: 0,
  most: 0,
}));

beforeEach(() => {
  Object.assign(disk, { written: [], synced: [], promised: [], broken: 0, most: 0 });
});

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FsPromises>();
  const watched = (file: FileHandle): FileHandle =>
    new Proxy(file, {
      get(target, name) {
        if (name === 'write')
          return async (bytes: Uint8Array, offset: number, length: number, position: number) => {
            const told = await target.write(bytes, offset, length, position);
            disk.written.push([position, position + told.bytesWritten]);
            return told;
          };
        if (name === 'datasync')
          return async () => {
            // what is written while it syncs may or may not be on the disk
            const before = [...disk.written];
            await target.datasync();
            disk.synced.push(...before);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => watched(await real.open(...given)),
  };
});

vi.mock('node:fs', async (original) => {
  const real = await original<typeof Fs>();
  const write = (
    fd: number,
    bytes: Buffer,
    offset: number,
    done: (error: Error | null, written: number) => void,
  ) => {
    if (/^\d+ \d+\n/.test(bytes.toString('utf8'))) disk.promised.push(bytes.toString('utf8'));
    real.write(fd, bytes, offset, done);
  };
  return { ...real, write };
});

describe('a journal after a power cut', () => {
  it('has promised no byte that was not on the disk before', async () => {
    const { start, hub } = await downloadOf(seeded(16 * MIB));
    hub.fail({ kind: 'slow', bytesPerSecond: 20 * MIB }, { at: /signature/ });
    const check = () => {
      const synced = new ByteRanges(disk.synced.map(([start, end]) => ({ start, end })));
      const promised = new ByteRanges(
        disk.promised.flatMap((lines) =>
          lines
            .trim()
            .split('\n')
            .map((line) => ({ start: Number(line.split(' ')[0]), end: Number(line.split(' ')[1]) })),
        ),
      );
      for (const { start, end } of promised.ranges)
        if (!synced.ranges.some((range) => range.start <= start && end <= range.end)) disk.broken++;
      const written = new ByteRanges(disk.written.map(([start, end]) => ({ start, end })));
      disk.most = Math.max(disk.most, written.bytes - promised.bytes);
    };
    const timer = setInterval(check, 1);
    try {
      await start();
    } finally {
      clearInterval(timer);
    }
    check();
    expect(disk.promised.length).toBeGreaterThan(3);
    expect(disk.broken).toBe(0);
    expect(disk.most).toBeGreaterThan(0);
    expect(disk.most).toBeLessThanOrEqual(8 * MIB);
  });
});
