import { statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import systeminformation from 'systeminformation';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { laptopSchema } from '../../../src-main/contract/fit-report.ts';
import {
  computeThreads,
  profileLaptop,
  profileToPlan,
  warningsFor,
} from '../../../src-main/profile/laptop.ts';
import { freeDiskBytes } from '../../../src-main/files/disk.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

describe('warnings', () => {
  const withCpu = (architecture: string, vectorFeatures: string[]) => {
    const laptop = ordinaryLaptop();
    return { ...laptop, cpu: { ...laptop.cpu, architecture, vectorFeatures } };
  };

  it('an ordinary laptop has none', () => {
    expect(warningsFor(ordinaryLaptop())).toEqual([]);
  });

  it.each([
    ['x64', ['SSE3', 'AVX', 'F16C']],
    ['x64', []],
    ['arm64', []],
  ])('an old %s processor (%s) is told to be slow', (architecture, features) => {
    const [warning, ...rest] = warningsFor(withCpu(architecture, features));
    expect(warning).toMatch(/AVX2|NEON/);
    expect(warning).toContain('slow');
    expect(rest).toEqual([]);
  });

  it.each([
    ['x64', ['AVX512']],
    ['arm64', ['NEON']],
    ['arm64', ['DOTPROD']],
    ['riscv64', []],
  ])('a fit or unknown %s processor (%s) is not', (architecture, features) => {
    expect(warningsFor(withCpu(architecture, features))).toEqual([]);
  });

  it('of a container with less memory than the machine are told', () => {
    const laptop = ordinaryLaptop();
    const memory = { ...laptop.memory, limitBytes: 600 * 2 ** 20 };
    expect(warningsFor({ ...laptop, memory })).toEqual([
      expect.stringMatching(/limited to 600.* MiB .*container/),
    ]);
  });

  it('on battery a person is told to plug in', () => {
    const power = { onBattery: true, batteryPercent: 30 };
    expect(warningsFor({ ...ordinaryLaptop(), power })).toEqual([expect.stringContaining('Plug in')]);
  });
});

it('compute takes the fast cores alone, and no more threads than there are', () => {
  expect(computeThreads({ performanceCores: 1 })).toBe(1);
  expect(computeThreads({ performanceCores: 1024 })).toBe(availableParallelism());
});

describe('free space', () => {
  it('of a folder that does not exist yet is that of the disk it will be on', () => {
    const folder = temporaryFolder();
    const { bsize, blocks } = statfsSync(folder);
    const free = freeDiskBytes(join(folder, 'not', 'there', 'yet'));
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThanOrEqual(blocks * bsize);
  });

  it('of a relative or a file path is told too', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'x');
    expect(freeDiskBytes(file)).toBeGreaterThan(0);
    expect(freeDiskBytes('not/there/yet')).toBeGreaterThan(0);
  });
});

it('this machine is described as the report expects', async () => {
  const laptop = await profileLaptop({
    modelsFolder: '/nowhere/models',
    cpuFeatures: ['AVX2', 'NEON'],
    cpuVariant: 'haswell',
  });
  expect(laptopSchema.parse(laptop)).toEqual(laptop);
  expect(laptop.cpu.vectorFeatures).toEqual(['AVX2', 'NEON']);
  expect(laptop.memory.availableBytes).toBeLessThanOrEqual(laptop.memory.totalBytes);
  expect(laptop.disk.folder).toBe('/nowhere/models');
});

describe('what a system says is a laptop as the report expects', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function told({
    mem = {},
    battery = {},
    vram = 0,
  }: {
    mem?: object;
    battery?: object;
    vram?: number;
  }) {
    const answers = {
      mem: { total: 16e9, available: 8e9, swaptotal: 0, swapfree: 0, ...mem },
      battery: { hasBattery: true, acConnected: true, percent: 50, ...battery },
      graphics: { controllers: [{ vendor: 'A', model: 'B', vram }] },
    };
    for (const [query, answer] of Object.entries(answers)) {
      vi.spyOn(systeminformation, query as 'mem').mockResolvedValue(answer as never);
    }
    const laptop = await profileLaptop({ modelsFolder: '/nowhere/models', cpuFeatures: [], cpuVariant: '' });
    expect(laptopSchema.parse(laptop)).toEqual(laptop);
    return laptop;
  }

  it('where its swap is told in hundredths of a MiB, as by macOS', async () => {
    const MiB = 2 ** 20;
    const { memory } = await told({ mem: { swaptotal: 2048 * MiB, swapfree: 813.81 * MiB } });
    expect(memory).toMatchObject({ swapTotalBytes: 2048 * MiB, swapFreeBytes: Math.round(813.81 * MiB) });
  });

  it.each([[Number.NaN], [-4096]])('where memory is told as %s bytes', async (bytes) => {
    const { memory } = await told({ mem: { available: bytes, swaptotal: bytes, swapfree: bytes } });
    expect(memory).toMatchObject({ availableBytes: 0, swapTotalBytes: 0, swapFreeBytes: 0 });
  });

  it('where a battery without a capacity has no percentage', async () => {
    expect((await told({ battery: { percent: Number.NaN } })).power.batteryPercent).toBeNull();
  });

  it('and is planned for without waiting for its graphics processors', async () => {
    const graphics = vi.spyOn(systeminformation, 'graphics');
    const { gpus: _, ...rest } = await told({});
    graphics.mockReturnValue(new Promise<never>(() => undefined));
    const planned = await profileToPlan({ modelsFolder: '/nowhere/models', cpuFeatures: [], cpuVariant: '' });
    expect(Object.keys(planned)).toEqual(Object.keys(rest));
  });

  it.each([[-2048], [Number.NaN], [0]])('where a graphics card has %s MiB', async (vram) => {
    expect((await told({ vram })).gpus).toEqual([{ name: 'A B', memoryBytes: null }]);
  });
});

describe('a system that does not say what it is asked', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it.each([
    ['refuses', () => Promise.reject(new Error('spawn EAGAIN'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('and %s is described as far as it is known', async (_, answer) => {
    vi.useFakeTimers();
    for (const query of ['cpu', 'mem', 'battery', 'graphics'] as const) {
      vi.spyOn(systeminformation, query).mockImplementation(answer);
    }
    const described = profileLaptop({ modelsFolder: '/nowhere/models', cpuFeatures: [], cpuVariant: '' });
    await vi.advanceTimersByTimeAsync(60_000);
    const laptop = await described;
    expect(laptopSchema.parse(laptop)).toEqual(laptop);
    expect(laptop.memory.totalBytes).toBeGreaterThan(0);
    expect(laptop.cpu.logicalCores).toBeGreaterThan(0);
  });
});
