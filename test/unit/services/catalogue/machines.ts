import { memoryLimits } from '../../../../src-main/profile/budget.ts';
import type { Machine } from '../../../../src-main/services/catalogue/machine.ts';

export const GiB = 2 ** 30;

/** A laptop with so much memory and free disk, both in GiB. */
export function machine(memory: number, disk: number, change: Partial<Machine> = {}): Machine {
  return {
    limits: memoryLimits({ totalBytes: memory * GiB, limitBytes: null }),
    threads: 4,
    disk: { freeBytes: disk * GiB, workFreeBytes: null },
    bytesPerSecond: null,
    earlier: [],
    contextTokens: 4096,
    ...change,
  };
}
