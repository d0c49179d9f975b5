import type { Budget, Laptop } from '../contract/fit-report.ts';
import type { MemoryLimits } from '../contract/laptop.ts';

const GiB = 2 ** 30;

/** Left for the system and other programs: a quarter of the RAM, at least this. Measured idle desktops use 1.5 to 3 GiB. */
const SYSTEM_SHARE = 0.25;
const LEAST_FOR_SYSTEM_BYTES = 2 * GiB;
/** What the system keeps when all other programs are closed: the least of the measured ones. */
const IDLE_SYSTEM_BYTES = 1.5 * GiB;
/** Left for Snug's own window and processes. An Electron window with three processes takes 300 to 450 MiB. */
const APP_BYTES = 0.5 * GiB;
/** Kept free of what is available right now, so that fitting a model does not push other programs into swap. */
const HEADROOM_BYTES = 0.5 * GiB;
/** A container may be small, and neither the system nor a window is in it: both are left at most this share of it. */
const CONTAINER_SHARE = 1 / 8;

function systemBytes(totalBytes: number): number {
  return Math.max(LEAST_FOR_SYSTEM_BYTES, Math.round(totalBytes * SYSTEM_SHARE));
}

/** What does not depend on the programs that run now. */
export function memoryLimits({
  totalBytes,
  limitBytes,
}: Pick<Laptop['memory'], 'totalBytes' | 'limitBytes'>): MemoryLimits {
  if (limitBytes !== null) {
    const { own, headroom } = containerShares(totalBytes);
    return { comfortableBytes: totalBytes - own - headroom, mostBytes: totalBytes - own };
  }
  const upTo = (system: number): number => Math.max(0, Math.floor(totalBytes - system - APP_BYTES));
  return { comfortableBytes: upTo(systemBytes(totalBytes)), mostBytes: upTo(IDLE_SYSTEM_BYTES) };
}

/**
 * The memory a model may take (weights, vision encoder, KV cache and compute buffers together) without crowding out the
 * rest of the machine: the smaller of what this laptop's RAM allows in general and what is available now.
 */
export function recommendBudget(memory: Laptop['memory']): Budget {
  if (memory.limitBytes !== null) return budgetInContainer(memory);
  const system = systemBytes(memory.totalBytes);
  const inGeneral = memory.totalBytes - system - APP_BYTES;
  const now = memory.availableBytes - APP_BYTES - HEADROOM_BYTES;
  const byTotal = [
    { label: 'memory in this laptop', bytes: memory.totalBytes },
    { label: 'left for the system and other programs', bytes: -system },
    { label: 'left for Snug itself', bytes: -APP_BYTES },
  ];
  const byAvailable = [
    { label: 'memory available right now', bytes: memory.availableBytes },
    { label: 'left for Snug itself', bytes: -APP_BYTES },
    { label: 'kept free', bytes: -HEADROOM_BYTES },
  ];
  return {
    bytes: Math.max(0, Math.floor(Math.min(inGeneral, now))),
    source: 'recommended',
    reasoning: inGeneral <= now ? byTotal : byAvailable,
  };
}

function containerShares(totalBytes: number): { own: number; headroom: number } {
  const least = (bytes: number) => Math.round(Math.min(bytes, totalBytes * CONTAINER_SHARE));
  return { own: least(APP_BYTES), headroom: least(HEADROOM_BYTES) };
}

function budgetInContainer({ totalBytes, availableBytes }: Laptop['memory']): Budget {
  const { own, headroom } = containerShares(totalBytes);
  return {
    bytes: Math.max(0, Math.floor(availableBytes - own - headroom)),
    source: 'recommended',
    reasoning: [
      { label: "memory available in Snug's container", bytes: availableBytes },
      { label: 'left for Snug itself', bytes: -own },
      { label: 'kept free', bytes: -headroom },
    ],
  };
}
