import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What in a folder, and whether the folder itself, its owner's group or everyone may read, write or enter; links aside. */
export function openToOthers(folder: string): string[] {
  const within = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return ['', ...within].filter((name) => {
    const status = lstatSync(join(folder, name));
    return !status.isSymbolicLink() && (status.mode & 0o077) !== 0;
  });
}
