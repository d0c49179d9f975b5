import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  rmSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { platform } from 'node:os';
import { hasCode, SnugError } from '../contract/errors.ts';
import { PRIVATE_FILE } from '../files/private-files.ts';
import { mayPass, pause } from '../files/retry-refused.ts';
import { Connection } from './connection.ts';
import { isDamage } from './errors.ts';

// Node has no flock; SQLite's exclusive transaction is a lock of the system's own, which ends with the process that holds it:
// docs/decisions/0002-locks.md.

// Windows has neither flag: it has no such links, and no pipes among its files
const FLAGS =
  constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const AGAIN_MILLISECONDS = 10;

/**
 * Locks that this process holds, by their files: POSIX takes all locks on a file away when any descriptor of it is closed, and a connection
 * that nobody refers to any more is closed.
 */
const heldHere = new Map<string, Disposable>();

type Attempt = Disposable | 'busy' | 'again';

/**
 * Locks a file, made where there is none, until disposed or until this process ends, however it ends; disposing removes it. The
 * process number in it is for people alone. Undefined when it is still held elsewhere after `milliseconds`.
 */
export function lockFile(path: string, milliseconds: number): Disposable | undefined {
  const until = performance.now() + milliseconds;
  for (;;) {
    const left = Math.max(0, until - performance.now());
    const outcome = attempt(path, left);
    if (typeof outcome === 'object') return outcome;
    if (outcome === 'busy' || left === 0) return undefined;
    pause(AGAIN_MILLISECONDS);
  }
}

function attempt(path: string, milliseconds: number): Attempt {
  if (heldHere.has(identityAt(path) ?? '')) return 'busy';
  const opened = open(path);
  if (opened === undefined) return 'again';
  const { fd, status } = opened;
  let connection: Connection | undefined;
  try {
    connection = new Connection(path, { mustExist: true, busyMilliseconds: Math.round(milliseconds) });
    connection.exec('BEGIN EXCLUSIVE');
    // While our descriptor is open, no other file can have its number: what SQLite opened is the file that lies here still. One
    // that was removed meanwhile locks nobody out.
    if (identityAt(path) === identityOf(status)) return held(path, fd, connection, identityOf(status));
  } catch (error) {
    // what a killed process left in it, SQLite takes for a damaged database
    if (isDamage(error)) ftruncateSync(fd);
    // before the descriptor is closed: then a new file may be given the number of the one that went
    const removed = identityAt(path) !== identityOf(status);
    closeBoth(fd, connection);
    if (hasCode(error, 'BUSY')) return 'busy';
    if (removed || isDamage(error)) return 'again';
    throw error;
  }
  closeBoth(fd, connection);
  return 'again';
}

/** Undefined where the system is still busy with the file, as Windows is with one that it removes. */
function open(path: string): { fd: number; status: BigIntStats } | undefined {
  let fd: number;
  try {
    fd = openSync(path, FLAGS, PRIVATE_FILE);
  } catch (error) {
    if (mayPass(error)) return undefined;
    throw error;
  }
  const status = fstatSync(fd, { bigint: true });
  if (status.isFile()) return { fd, status };
  closeSync(fd);
  throw new SnugError('CANNOT_WRITE', `${path} is not an ordinary file`, { advice: 'Move it away.' });
}

function held(path: string, fd: number, connection: Connection, identity: string): Disposable {
  noteHolder(fd);
  const stack = new DisposableStack();
  heldHere.set(identity, stack);
  stack.defer(() => heldHere.delete(identity));
  // in this order: a system that removes open files must do so under the lock, one that refuses to does it afterwards
  if (platform() === 'win32') stack.defer(() => remove(path));
  stack.defer(() => closeBoth(fd, connection));
  if (platform() !== 'win32') stack.defer(() => remove(path));
  return stack;
}

function noteHolder(fd: number): void {
  try {
    writeSync(fd, String(process.pid), 0);
  } catch {
    // a full disk: who holds it is not said then
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // another process waits for it, or the disk has gone: the lock is given up all the same
  }
}

/** SQLite first: closing our descriptor before would end its lock. */
function closeBoth(fd: number, connection: Connection | undefined): void {
  try {
    connection?.close();
  } finally {
    closeSync(fd);
  }
}

function identityAt(path: string): string | undefined {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return status && identityOf(status);
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
