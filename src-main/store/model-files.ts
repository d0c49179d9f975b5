import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { discard, makeFolder } from '../files/durable-files.ts';
import { fileStamp, isSameStamp, type FileStamp } from '../files/file-stamp.ts';
import { readKept } from '../files/json-file.ts';
import { workFolder } from '../home.ts';
import { Connection, makePrivate } from './connection.ts';
import { isDamage } from './errors.ts';

interface ModelFileRow {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
  /** null: from a Snug that did not note it */
  readonly inode: string | null;
  readonly sha256: string;
}

/** What a file held when it was first hashed at its path. */
export interface NotedFile {
  readonly bytes: number;
  /** milliseconds since 1970 */
  readonly modified: number;
  readonly sha256: string;
  /** ISO 8601 */
  readonly notedAt: string;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS model_files (
    path TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    modified REAL NOT NULL,
    inode TEXT,
    sha256 TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS model_files_by_sha256 ON model_files (sha256);
  CREATE TABLE IF NOT EXISTS noted_files (
    path TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    modified REAL NOT NULL,
    sha256 TEXT NOT NULL,
    noted_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS split_models (
    path TEXT PRIMARY KEY,
    stamps TEXT NOT NULL,
    sha256 TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/**
 * The SHA-256 of every model file that was ever hashed, by its path, size, time of change and inode. It is a database of its own: fits run
 * in processes, and in terminals, that do not hold the store, and all of them ask and tell it. Losing it costs reading the files again.
 */
export class ModelFiles implements Disposable {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Opens `model-files.db` in the work folder, made when it is not there; a damaged one is made anew. */
  static open(home: string): ModelFiles {
    const folder = workFolder(home);
    const path = join(folder, 'model-files.db');
    makeFolder(folder);
    let connection: Connection;
    try {
      connection = openTable(path);
    } catch (error) {
      if (!isDamage(error)) throw error;
      for (const part of ['-wal', '-shm', '']) discard(path + part);
      connection = openTable(path);
    }
    const files = new ModelFiles(connection);
    files.#takeOver(join(folder, 'hashes.json'));
    return files;
  }

  /** The SHA-256 of a file that has not changed since it was hashed. */
  known(path: string): string | undefined {
    const [row, stamp] = [this.recall(path), fileStamp(path)];
    return row && stamp && isSameStamp({ ...row, inode: row.inode ?? stamp.inode }, stamp)
      ? row.sha256
      : undefined;
  }

  /** The same of a model in one file or several: of a split one the SHA-256 of its parts joined again. */
  knownModel(paths: readonly string[]): string | undefined {
    const [first = '', second] = paths;
    if (second === undefined) return this.known(first);
    const row = this.#connection.one<{ stamps: string; sha256: string }>(
      'SELECT stamps, sha256 FROM split_models WHERE path = ?',
      first,
    );
    return row?.stamps === JSON.stringify(paths.map(fileStamp)) ? row.sha256 : undefined;
  }

  /** `stamps` are those of the files from before they were hashed; nothing is remembered where one was not there. */
  rememberModel(paths: readonly string[], stamps: readonly (FileStamp | undefined)[], sha256: string): void {
    const [[first = '', second], [stamp]] = [paths, stamps];
    if (stamps.includes(undefined) || !stamp) return;
    if (second === undefined) this.remember(first, stamp, sha256);
    else
      this.#connection.run(
        'INSERT OR REPLACE INTO split_models (path, stamps, sha256) VALUES (?, ?, ?)',
        first,
        JSON.stringify(stamps),
        sha256,
      );
  }

  /** What was last known of a path, whatever lies there now. */
  recall(path: string): ModelFileRow | undefined {
    return this.#connection.one<ModelFileRow>('SELECT * FROM model_files WHERE path = ?', path);
  }

  /** Paths at which this content was last seen, whether it is still there or not. */
  places(sha256: string): string[] {
    return this.#connection
      .all<{ path: string }>('SELECT path FROM model_files WHERE sha256 = ? ORDER BY path', sha256)
      .map(({ path }) => path);
  }

  /** `stamp` is the file's from before it was hashed. */
  remember(path: string, stamp: FileStamp, sha256: string): void {
    this.#remember({ path, ...stamp, sha256 });
  }

  /** What the file at a path held when it was first hashed there: later hashes do not change that. */
  noted(path: string): NotedFile | undefined {
    return this.#connection.one<NotedFile>(
      'SELECT bytes, modified, sha256, noted_at AS notedAt FROM noted_files WHERE path = ?',
      path,
    );
  }

  /** Takes what a path holds from now on as what it should hold: another model was written there. */
  noteAnew(path: string): void {
    this.#connection.run('DELETE FROM noted_files WHERE path = ?', path);
  }

  forget(path: string): void {
    this.#connection.transaction(() => {
      this.#connection.run('DELETE FROM model_files WHERE path = ?', path);
      this.noteAnew(path);
    });
  }

  #remember({ path, bytes, modified, inode, sha256 }: ModelFileRow): void {
    this.#connection.run(
      'INSERT OR REPLACE INTO model_files (path, bytes, modified, inode, sha256) VALUES (?, ?, ?, ?, ?)',
      path,
      bytes,
      modified,
      inode,
      sha256,
    );
    this.#connection.run(
      'INSERT OR IGNORE INTO noted_files (path, bytes, modified, sha256, noted_at) VALUES (?, ?, ?, ?, ?)',
      path,
      bytes,
      modified,
      sha256,
      new Date().toISOString(),
    );
  }

  /** What an earlier Snug kept in a file. */
  #takeOver(path: string): void {
    if (!existsSync(path)) return;
    for (const [file, { size, modified, sha256 }] of Object.entries(readKept(path, earlierSchema) ?? {})) {
      if (this.recall(file) === undefined)
        this.#remember({ path: file, bytes: size, modified, inode: null, sha256 });
    }
    discard(path);
  }

  close(): void {
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const earlierSchema = z.record(
  z.string(),
  z.object({ size: z.number(), modified: z.number(), sha256: z.string() }),
);

function openTable(path: string): Connection {
  makePrivate(path);
  const connection = new Connection(path);
  try {
    connection.pragma('journal_mode = WAL');
    connection.exec(TABLES);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
