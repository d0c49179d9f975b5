import { SnugError } from '../contract/errors.ts';
import type { Connection } from './connection.ts';
import { keepCopy } from './kept-copies.ts';
import type { Migration } from './migrations/index.ts';

export function versionOf(connection: Connection): number {
  return connection.pragma('user_version') as number;
}

/** The version that the given migrations lead to. */
export function newestVersion(migrations: readonly Migration[]): number {
  return Math.max(0, ...migrations.map(({ version }) => version));
}

/**
 * Brings a database to the newest version. One that holds something is copied first, to `snug.db.before-<newest>`. A migration
 * that fails is rolled back and the database stays at the version before it; throws FILE then.
 */
export function migrate(connection: Connection, migrations: readonly Migration[]): void {
  const from = versionOf(connection);
  const due = migrations.filter(({ version }) => version > from);
  if (due.length === 0) return;
  if (from > 0) keepCopy(connection, newestVersion(migrations));
  // with them on, dropping a table to rebuild it would delete what refers to its rows
  connection.pragma('foreign_keys = OFF');
  try {
    for (const migration of due) applyOne(connection, migration);
  } finally {
    connection.pragma('foreign_keys = ON');
  }
}

function applyOne(connection: Connection, migration: Migration): void {
  try {
    connection.transaction(() => {
      migration.apply(connection);
      const dangling = connection.all<{ table: string }>('PRAGMA foreign_key_check');
      if (dangling[0]) throw new Error(`${dangling.length} rows of ${dangling[0].table} refer to nothing`);
      connection.pragma(`user_version = ${migration.version}`);
    });
  } catch (error) {
    if (error instanceof SnugError) throw error;
    throw new SnugError(
      'FILE',
      `${connection.path} could not be brought to the form that this Snug needs (version ${migration.version})`,
      {
        advice: 'Nothing was lost: the Snug you had before still reads it. Please report this.',
        cause: error,
      },
    );
  }
}
