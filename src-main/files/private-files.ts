import { chmodSync, lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { isInside, realPath } from './paths.ts';
import { statsOf } from './stats.ts';

// What lies in Snug's home is the person's alone: chats, pictures, logs, models. What they have written to a place of their own
// choice follows their umask. Windows has no such modes: there a person's own folders are closed to others by its own rules.

export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/** Modes to make something with; the umask takes from them. */
export interface Modes {
  readonly file: number;
  readonly folder: number;
}

export const PRIVATE: Modes = { file: PRIVATE_FILE, folder: PRIVATE_FOLDER };
export const AS_USUAL: Modes = { file: 0o666, folder: 0o777 };

/** How a file at this path is made: in Snug's home for the person alone. */
export function modesAt(path: string, home: string): Modes {
  return isInside(realPath(home), realPath(path)) ? PRIVATE : AS_USUAL;
}

/**
 * One that can't be looked at is for those to refuse who read or write in it.
 * @throws SnugError BAD_ARGUMENT for one that is a file, in which nothing can be looked up nor written
 */
export function insistHomeIsFolder(home: string): void {
  if (statsOf(home)?.isDirectory() ?? true) return;
  throw new SnugError('BAD_ARGUMENT', `${home} is to hold Snug’s files, and is no folder`, {
    advice: 'Name a folder, which need not be there yet.',
    remedies: [{ kind: 'choose-home' }],
  });
}

/** What Snug writes at the top of its home. */
const OWN = /^(snug\.db.*|pictures|logs|models|work|compile-cache|[\w-]+\.json(\..*)?)$/;

/**
 * Takes from what an earlier Snug wrote the rights of everyone but its owner. Links are not followed, and what is another user's or has
 * another name elsewhere stays as it is. A disk without modes is left alone.
 */
export function protectHome(home: string): void {
  if (process.getuid === undefined) return;
  const user = process.getuid();
  softly(() => {
    const root = realpathSync(home);
    if (!lstatSync(root).isDirectory()) return;
    const isShared = isSharedPlace(root, lstatSync(root));
    if (!isShared) restrict(root, user);
    for (const name of readdirSync(root)) {
      if (!isShared || OWN.test(name)) protectAll(join(root, name), user);
    }
  });
}

/** A home that was put into a folder with other things: only Snug's own are its to change. */
function isSharedPlace(root: string, status: Stats): boolean {
  const isSticky = (status.mode & 0o1000) !== 0;
  return isSticky || isInside(root, realPath(homedir()));
}

function protectAll(first: string, user: number): void {
  const waiting = [first];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const at = path;
    softly(() => {
      if (!restrict(at, user)?.isDirectory()) return;
      for (const name of readdirSync(at)) waiting.push(join(at, name));
    });
  }
}

/** undefined for what is not ours to change */
function restrict(path: string, user: number): Stats | undefined {
  const status = lstatSync(path);
  const isOurs = status.uid === user && (status.isDirectory() || (status.isFile() && status.nlink === 1));
  if (!isOurs) return undefined;
  if ((status.mode & 0o077) !== 0) softly(() => chmodSync(path, status.mode & 0o700));
  return status;
}

function softly(work: () => void): void {
  try {
    work();
  } catch {
    // a disk without modes, a file that has just gone: the rest is still done
  }
}
