import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { renameDurably } from '../files/durable-files.ts';
import { writeError } from '../files/write-error.ts';
import { Connection } from './connection.ts';
import { isDamage, WRITING_STORE } from './errors.ts';
import { keptCopies } from './kept-copies.ts';
import { versionOf } from './migrate.ts';

// What a database file consists of, the main file last: should we be killed while renaming, the next start finds it and goes on.
const PARTS = ['-wal', '-shm', ''];

/**
 * Whether what lies at the path cannot be read as a database; nothing is changed by asking. A search index that alone is
 * broken does not count: it is made anew from the messages. Throws FILE for a database of a newer Snug.
 */
export function isBrokenDatabase(path: string, newestVersion: number): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) return false;
  // to open a pipe would wait for ever
  if (!status.isFile()) {
    throw new SnugError('FILE', `${path} is not an ordinary file`, {
      advice: 'Move it away, and start Snug again.',
    });
  }
  try {
    using connection = new Connection(path, { readonly: true });
    const version = versionOf(connection);
    if (version > newestVersion) {
      throw new SnugError('FILE', `${path} was written by a newer Snug (version ${version} of its form)`, {
        advice: 'Update Snug to open it. The file was left as it is.',
      });
    }
    const problems = connection.all<{ quick_check: string }>('PRAGMA quick_check');
    return problems.some(({ quick_check: problem }) => problem !== 'ok' && !/fts5/i.test(problem));
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

/** Renames a broken database and what belongs to it; returns what the person should be told. */
export function setAside(path: string): string {
  const stamp = new Date().toISOString().replaceAll(':', '-');
  const isTaken = (target: string) => PARTS.some((part) => existsSync(target + part));
  let aside = `${path}.broken-${stamp}`;
  for (let i = 2; isTaken(aside); i++) aside = `${path}.broken-${stamp}-${i}`;
  try {
    for (const part of PARTS) if (existsSync(path + part)) renameDurably(path + part, aside + part);
  } catch (error) {
    throw writeError(error, path, WRITING_STORE);
  }
  const copy = keptCopies(path)[0];
  const older = copy
    ? ` A copy from before an update is in ${copy}: to go back to it, quit Snug and rename it to ${basename(path)}.`
    : '';
  return `Your conversations and settings could not be read because their file is damaged. It was set aside as ${aside}, and Snug started with a new one.${older}`;
}

/** Whether a database that was set aside lies beside this one. */
export function hasSetAside(path: string): boolean {
  return readdirSync(dirname(path)).some((file) => join(dirname(path), file).startsWith(`${path}.broken-`));
}

/** Checks every full-text index against what it indexes and makes a damaged one anew; whether any was. */
export function mendIndexes(connection: Connection): boolean {
  const indexes = connection.all<{ name: string; sql: string }>(
    `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'`,
  );
  const damaged = indexes.filter(({ name }) => {
    try {
      // rank 1: compare with the indexed rows too
      connection.run(`INSERT INTO ${name} (${name}, rank) VALUES ('integrity-check', 1)`);
      return false;
    } catch (error) {
      if (isDamage(error)) return true;
      throw error;
    }
  });
  for (const { name, sql } of damaged) {
    // not only 'rebuild': that needs the index's own tables in order
    connection.transaction(() => {
      connection.exec(`DROP TABLE ${name}; ${sql}; INSERT INTO ${name} (${name}) VALUES ('rebuild')`);
    });
  }
  return damaged.length > 0;
}
