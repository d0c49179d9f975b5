import systeminformation from 'systeminformation';
import { afterEach, expect, it, vi } from 'vitest';
import { memoryNow, ramNow } from '../../../src-main/profile/memory.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('memory for a chat is told on Windows without asking for the swap, and is the same', async () => {
  const asked = vi.spyOn(systeminformation, 'mem');
  const { totalBytes, limitBytes, availableBytes } = await ramNow('win32');
  expect(asked).not.toHaveBeenCalled();
  expect(await memoryNow()).toMatchObject({ totalBytes, limitBytes });
  expect(availableBytes).toBeGreaterThan(0);
  expect(availableBytes).toBeLessThanOrEqual(totalBytes);
});

it('memory for a chat is what can be had without swapping, caches among it', async () => {
  const told = { total: 16e9, available: 8e9, swaptotal: 4e9, swapfree: 4e9 };
  vi.spyOn(systeminformation, 'mem').mockResolvedValue(told as never);
  const { swapTotalBytes, swapFreeBytes, ...ram } = await memoryNow();
  expect([swapTotalBytes, swapFreeBytes]).toEqual([4e9, 4e9]);
  expect(await ramNow('darwin')).toEqual(ram);
});
