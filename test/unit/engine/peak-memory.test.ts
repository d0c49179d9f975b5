import { fork } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { peakResidentBytes } from '../../../src-main/engine/peak-memory.ts';

const MiB = 2 ** 20;

it('counts what this process had at most, also when it has let go of it', () => {
  const before = peakResidentBytes();
  Buffer.alloc(before + 64 * MiB, 1);
  expect(peakResidentBytes()).toBeGreaterThan(before + 64 * MiB);
});

it('counts nothing of the process that started this one', async () => {
  const held = Buffer.alloc(512 * MiB, 1);
  const child = fork(join(import.meta.dirname, '..', '..', 'fixtures', 'peak-in-child.ts'), { execArgv: [] });
  const { peak } = await new Promise<{ peak: number }>((resolve) =>
    child.on('message', (message) => resolve(message as { peak: number })),
  );
  expect(peak).toBeGreaterThan(20 * MiB);
  expect(peak).toBeLessThan(held.length / 2);
});
