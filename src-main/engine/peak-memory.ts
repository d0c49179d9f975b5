import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * The most memory this process has had resident, in bytes. On Linux a child's `maxRSS` begins at what its parent had when it was
 * forked (getrusage(2) counts from before exec), so there the kernel is asked for this program's own (proc(5), VmHWM).
 */
export function peakResidentBytes(): number {
  if (process.platform === 'linux') {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  }
  // counted in kibibytes on every system
  return process.resourceUsage().maxRSS * 1024;
}
