import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Laptop } from '../../../src-main/contract/fit-report.ts';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { keptKernelSpeeds, knownKernelSpeeds } from '../../../src-main/profile/probe-cache.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const matrix = { type: 12, columns: 256, rows: 256 };
const other = { ...matrix, rows: 512 };
const hours = (count: number) => count * 3_600_000;
let kernels: { cachePath: string; laptop: Laptop; threads: number };
let timed: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const laptop = {
    cpu: { brand: 'a processor', vectorFeatures: ['AVX2'], kernelTypes: [] },
  } as unknown as Laptop;
  kernels = { cachePath: join(temporaryFolder(), 'kernels.json'), laptop, threads: 2 };
  timed = 0;
});
afterEach(() => vi.useRealTimers());

/** The speeds where the machine now multiplies so fast. `meanwhile`: what happens before that is known */
async function speedsAt(
  bytesPerSecond: number,
  matrices = [matrix],
  quickly = false,
  meanwhile = (): Promise<unknown> => Promise.resolve(),
): Promise<number[]> {
  const addon = {
    AbortFlag: class {
      set() {}
    },
    probeProduct: async () => {
      timed++;
      await meanwhile();
      return bytesPerSecond;
    },
  } as unknown as Addon;
  return (await knownKernelSpeeds(addon, matrices, { ...kernels, quickly })).map(
    (speed) => speed.bytesPerSecond,
  );
}

it('a kernel is timed once a day', async () => {
  expect(await speedsAt(2e9)).toEqual([2e9]);
  vi.advanceTimersByTime(hours(23));
  expect(await speedsAt(3e9)).toEqual([2e9]);
  expect(timed).toBe(1);
  // one that is asked for first is timed, the one that is known isn't
  expect(await speedsAt(4e9, [matrix, other])).toEqual([2e9, 4e9]);
  expect(timed).toBe(2);
});

it('what was timed beside other work is forgotten once it is timed undisturbed', async () => {
  await speedsAt(1e9);
  vi.advanceTimersByTime(hours(25));
  expect(await speedsAt(3e9)).toEqual([3e9]);
  vi.advanceTimersByTime(hours(25));
  expect(await speedsAt(2e9)).toEqual([3e9]);
  expect(keptKernelSpeeds(kernels).map((speed) => speed.bytesPerSecond)).toEqual([3e9]);
});

it('a clock that was set back trusts nothing', async () => {
  await speedsAt(1e9);
  vi.setSystemTime(Date.now() - hours(1000));
  expect(await speedsAt(3e9)).toEqual([3e9]);
});

it('what was timed quickly is timed again where a speed is to be told', async () => {
  expect(await speedsAt(3e9, [matrix], true)).toEqual([3e9]);
  expect(keptKernelSpeeds({ ...kernels, quickly: true })).toHaveLength(1);
  expect(keptKernelSpeeds(kernels)).toEqual([]);
  expect(await speedsAt(2e9)).toEqual([2e9]);
  expect(timed).toBe(2);
});

it('what was timed quickly, and may have been disturbed, counts for a day', async () => {
  await speedsAt(1e9, [matrix], true);
  expect(await speedsAt(3e9, [matrix], true)).toEqual([1e9]);
  vi.advanceTimersByTime(hours(25));
  expect(keptKernelSpeeds({ ...kernels, quickly: true })).toEqual([]);
  expect(await speedsAt(3e9, [matrix], true)).toEqual([3e9]);
  expect(keptKernelSpeeds({ ...kernels, quickly: true })).toHaveLength(1);
});

it('what another process kept meanwhile stays', async () => {
  await speedsAt(3e9, [matrix], false, () => speedsAt(2e9, [other]));
  expect(keptKernelSpeeds(kernels).map((speed) => speed.bytesPerSecond)).toEqual([2e9, 3e9]);
});

it('another machine or another number of threads is timed anew', async () => {
  await speedsAt(3e9);
  const before = kernels;
  kernels = { ...kernels, threads: 1 };
  expect(await speedsAt(1e9)).toEqual([1e9]);
  // both are kept: a chat may have other threads than a fit
  expect(keptKernelSpeeds(before).map((speed) => speed.bytesPerSecond)).toEqual([3e9]);
  expect(keptKernelSpeeds(kernels).map((speed) => speed.bytesPerSecond)).toEqual([1e9]);
});
