import type { Connection } from '../connection.ts';

/**
 * One step of the database's form. Once it was released it never changes: what comes later is a migration of its own, with a
 * test that starts from the version before.
 */
export interface Migration {
  /** what `user_version` is after it; 1, 2, 3, … */
  readonly version: number;
  /** Runs in one transaction with foreign keys off, so that a table may be rebuilt; they are checked before it is committed. */
  apply(connection: Connection): void;
}
