import { execFileSync } from 'node:child_process';
import { platform } from 'node:os';

/** Windows has no pipes among its files. */
export const hasPipes = platform() !== 'win32';

/** A named pipe without a writer: whoever opens it to read, and is not careful, waits for ever. */
export function makePipe(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}
