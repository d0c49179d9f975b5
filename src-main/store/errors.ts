import { SnugError } from '../contract/errors.ts';
import type { WritingAdvice } from '../files/write-error.ts';

/** What can be done where a file of the store cannot be written. */
export const WRITING_STORE: WritingAdvice = {
  full: 'Free some space on this disk and try again; what was saved before is kept.',
  refused: 'Make the folder writable, then start Snug again.',
  elsewhere: [{ kind: 'choose-home' }],
};

/** SQLite's result codes that a person can do something about, by how they begin; the first that fits counts. */
const EXPLAINED: readonly (readonly [prefix: string, explain: (path: string, error: Error) => SnugError])[] =
  [
    ['SQLITE_FULL', full],
    // the file beside a WAL that connections share could not grow
    ['SQLITE_IOERR_SHMSIZE', full],
    ['SQLITE_READONLY', notWritable],
    ['SQLITE_CANTOPEN', notWritable],
    ['SQLITE_PERM', notWritable],
    ['SQLITE_CORRUPT', damaged],
    ['SQLITE_NOTADB', damaged],
    [
      'SQLITE_BUSY',
      (path, cause) =>
        new SnugError('BUSY', `another program has ${path} open`, {
          advice: 'Close it and try again.',
          cause,
        }),
    ],
    [
      'SQLITE_IOERR',
      (path, cause) =>
        new SnugError('FILE', `the disk reported an error at ${path}: ${cause.message}`, {
          advice: 'Check the disk, and that it is still connected; then start Snug again.',
          cause,
        }),
    ],
  ];

function full(path: string, cause: Error): SnugError {
  return new SnugError('DISK_FULL', `the disk is full: ${path} could not be written`, {
    advice: WRITING_STORE.full,
    cause,
  });
}

function notWritable(path: string, cause: Error): SnugError {
  return new SnugError('CANNOT_WRITE', `${path} cannot be written: ${cause.message}`, {
    advice: WRITING_STORE.refused,
    remedies: WRITING_STORE.elsewhere,
    cause,
  });
}

function damaged(path: string, cause: Error): SnugError {
  return new SnugError('FILE', `${path} is damaged`, {
    advice: 'Start Snug again: it checks the file, and sets it aside when it cannot be read.',
    cause,
  });
}

/** The result code of an error that SQLite reported; undefined for any other. */
function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'SqliteError') return undefined;
  return (error as Error & { code: string }).code;
}

/** Says in plain words what SQLite could not do. What is a bug of ours stays what it is. */
export function databaseError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  const explain = code && EXPLAINED.find(([prefix]) => code.startsWith(prefix))?.[1];
  return explain ? explain(path, error as Error) : error;
}

/** Whether the file's own content is what is wrong, and not the disk, the folder or our SQL. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error instanceof SnugError ? error.cause : error);
  return code !== undefined && /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}

/** What was asked for by its id is not there. */
export function notFound(what: string): SnugError {
  return new SnugError('NOT_FOUND', `there is no such ${what}`);
}

export function badArgument(message: string): SnugError {
  return new SnugError('BAD_ARGUMENT', message);
}
