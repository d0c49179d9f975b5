import { readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { discard, publish } from '../files/durable-files.ts';
import { PRIVATE_FILE } from '../files/private-files.ts';
import { writeError } from '../files/write-error.ts';
import type { Connection } from './connection.ts';
import { WRITING_STORE } from './errors.ts';

/** Copies that stay: the update before this one, and one more for those who notice late. */
const KEPT_COPIES = 2;

/** Copies that were kept before updates of the database's form, newest first. */
export function keptCopies(path: string): string[] {
  const name = basename(path);
  const copies = readdirSync(dirname(path)).flatMap((file) => {
    const version = file.startsWith(`${name}.before-`) && /\.before-(\d+)$/.exec(file)?.[1];
    return version ? [{ path: join(dirname(path), file), version: Number(version) }] : [];
  });
  return copies.sort((a, b) => b.version - a.version).map((copy) => copy.path);
}

/** Keeps the database as it is in `<path>.before-<version>`, whole or not at all; older copies beyond two go. */
export function keepCopy(connection: Connection, version: number): void {
  const copy = `${connection.path}.before-${version}`;
  const temporary = `${copy}.tmp`;
  try {
    // of a process that was killed
    discard(temporary);
    // SQLite writes into a file that is there and empty, and leaves it its mode
    writeFileSync(temporary, '', { mode: PRIVATE_FILE, flag: 'wx' });
    // a copy of the file alone would miss what is still in its WAL
    connection.run('VACUUM INTO ?', temporary);
    publish(temporary, copy);
    for (const old of keptCopies(connection.path).slice(KEPT_COPIES)) discard(old);
  } catch (error) {
    discard(temporary);
    throw writeError(error, copy, WRITING_STORE);
  }
}
