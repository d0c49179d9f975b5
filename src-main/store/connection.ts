// the one import of the driver; everything else of store/ goes through this class
import Sqlite from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import { PRIVATE_FILE } from '../files/private-files.ts';
import { writeError } from '../files/write-error.ts';
import { databaseError, WRITING_STORE } from './errors.ts';

export type Value = string | number | null;

/** How long SQLite waits for another program's lock (a backup, a database browser) before it gives up. */
const BUSY_MILLISECONDS = 5000;
/** How much of what streams in a power cut may cost. */
const UNSYNCED_MILLISECONDS = 1000;

/**
 * One open database file. Statements are prepared once and kept by their text, so texts must be constants; what SQLite reports
 * comes out as a SnugError where a person can do something about it (DISK_FULL, CANNOT_WRITE, FILE, BUSY).
 */
export class Connection {
  readonly path: string;
  readonly #database: Sqlite.Database;
  readonly #statements = new Map<string, Sqlite.Statement<Value[]>>();
  #syncedAt = -Infinity;

  /** With `readonly` the file must be there, and not a byte of it changes. */
  constructor(
    path: string,
    options: { readonly?: boolean; mustExist?: boolean; busyMilliseconds?: number } = {},
  ) {
    this.path = path;
    const { readonly = false, mustExist = readonly, busyMilliseconds = BUSY_MILLISECONDS } = options;
    this.#database = this.#explained(
      () => new Sqlite(path, { readonly, fileMustExist: mustExist, timeout: busyMilliseconds }),
    );
  }

  /** Runs a statement and returns how many rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#explained(() => this.#statement(sql).run(...values).changes);
  }

  /**
   * As `run`, for what comes many times a second: a crash of Snug costs none of it, a power cut about the last second. The next `run`
   * syncs what came before it too.
   */
  runStreamed(sql: string, ...values: Value[]): number {
    const isDue = performance.now() - this.#syncedAt >= UNSYNCED_MILLISECONDS;
    if (isDue) {
      const changes = this.run(sql, ...values);
      this.#syncedAt = performance.now();
      return changes;
    }
    this.pragma('synchronous = NORMAL');
    try {
      return this.run(sql, ...values);
    } finally {
      this.pragma('synchronous = FULL');
    }
  }

  one<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#explained(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#explained(() => this.#statement(sql).all(...values) as Row[]);
  }

  /** Runs statements that are needed once: a migration's. */
  exec(sql: string): void {
    this.#explained(() => this.#database.exec(sql));
  }

  /** Sets or asks a PRAGMA; its first column of the first row. */
  pragma(text: string): unknown {
    return this.#explained(() => this.#database.pragma(text, { simple: true }));
  }

  /** All of the work or, when it throws, none of it. One within another is part of it. */
  transaction<Result>(work: () => Result): Result {
    return this.#explained(() => this.#database.transaction(work).immediate());
  }

  close(): void {
    this.#explained(() => this.#database.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #statement(sql: string): Sqlite.Statement<Value[]> {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare<Value[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #explained<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      throw databaseError(error, this.path);
    }
  }
}

/** Makes a database's file for the person alone where there is none: SQLite gives the files beside it the rights of this one. */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'a', PRIVATE_FILE));
  } catch (error) {
    throw writeError(error, path, WRITING_STORE);
  }
}
