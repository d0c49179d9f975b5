import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Waits for something another process does; a test that waits in vain ends at its own time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10);
}

/** Whether a process runs; one that ended and was not waited for (a zombie, seen in containers) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
