import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import process from 'node:process';
import systeminformation, { type Systeminformation } from 'systeminformation';
import { wholeBytes } from '../contract/bytes.ts';
import type { Laptop } from '../contract/fit-report.ts';
import { answerOr } from './answer-or.ts';
import { containerMemory } from './container.ts';

type Asked = Pick<Systeminformation.MemData, 'total' | 'available' | 'swaptotal' | 'swapfree'>;

export type Ram = Pick<Laptop['memory'], 'totalBytes' | 'availableBytes' | 'limitBytes'>;

/** RAM and swap as they are now, within what a container leaves of them. On Windows asking for the swap takes about a second. */
export async function memoryNow(): Promise<Laptop['memory']> {
  const asked = await asksSystem();
  return {
    ...withinContainer(asked),
    swapTotalBytes: wholeBytes(asked.swaptotal),
    swapFreeBytes: wholeBytes(asked.swapfree),
  };
}

/** RAM alone, in milliseconds: on Windows Node knows what systeminformation would tell, which asks PowerShell for the swap beside it. */
export async function ramNow(platform = process.platform): Promise<Ram> {
  return withinContainer(platform === 'win32' ? known() : await asksSystem());
}

async function asksSystem(): Promise<Asked> {
  return answerOr<Asked>(systeminformation.mem(), { ...known(), swaptotal: 0, swapfree: 0 });
}

function known(): Pick<Asked, 'total' | 'available'> {
  return { total: totalmem(), available: freemem() };
}

function withinContainer({ total, available }: Pick<Asked, 'total' | 'available'>): Ram {
  const limit = containerMemory(total);
  return {
    totalBytes: wholeBytes(Math.min(total, limit?.limitBytes ?? total)),
    availableBytes: wholeBytes(Math.min(available, limit?.freeBytes ?? available)),
    limitBytes: limit ? wholeBytes(limit.limitBytes) : null,
  };
}

/** The RAM that may be taken now, in bytes, without asking another program; too little on macOS, where caches do not count as free. */
export function availableBytes(): number {
  const available =
    process.platform === 'linux' ? (memAvailable() ?? process.availableMemory()) : process.availableMemory();
  return Math.min(available, containerMemory(totalmem())?.freeBytes ?? available);
}

/** proc(5): an estimate of the memory that can be had without swapping. */
function memAvailable(): number | undefined {
  try {
    const kibibytes = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
