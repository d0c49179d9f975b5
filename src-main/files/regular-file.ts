import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  statSync,
  type Stats,
} from 'node:fs';
import { platform } from 'node:os';
import { join, win32 } from 'node:path';
import { SnugError, type ErrorCode } from '../contract/errors.ts';
import { insist, isBusy } from './retry-refused.ts';

/** An open file whose bytes lie on a disk; reading it never waits for another program. */
export interface RegularFile extends Disposable {
  readonly fd: number;
  readonly bytes: number;
}

export interface RegularFileOptions {
  /** the code of the error for what is there but is no file: a folder, a pipe, a device, … */
  readonly refusedAs?: ErrorCode | undefined;
}

/** Windows opens no FIFO by a path, so there these flags don't exist. */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0) |
  ((constants as Partial<typeof constants>).O_NOCTTY ?? 0);

/**
 * Opens a file to read it. A FIFO without a writer would hold this thread up for ever, a device may never end or do something when
 * opened, so only a regular file is opened, and what was opened is looked at again.
 * @throws SnugError FILE with advice
 */
export function openRegularFile(path: string, { refusedAs = 'FILE' }: RegularFileOptions = {}): RegularFile {
  if (platform() === 'win32' && isWindowsDevice(path)) throw notRegular(path, 'a device', refusedAs);
  let fd: number | undefined;
  try {
    refuseOthers(statSync(path), path, refusedAs);
    const opened = insist(() => openSync(path, OPEN_FLAGS), isBusy);
    fd = opened;
    const stats = fstatSync(opened);
    refuseOthers(stats, path, refusedAs);
    return { fd: opened, bytes: stats.size, [Symbol.dispose]: () => closeSync(opened) };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw readError(error, path);
  }
}

const FIRST_READ_BYTES = 64 * 1024;

/**
 * The whole content of a regular file.
 * @throws SnugError FILE with advice, also when it has more than `mostBytes`
 */
export function readRegularFile(
  path: string,
  { mostBytes, ...options }: RegularFileOptions & { readonly mostBytes: number },
): Buffer<ArrayBuffer> {
  using file = openRegularFile(path, options);
  if (file.bytes > mostBytes) throw tooLarge(path, mostBytes, options);
  // a file that grows meanwhile, or one of /proc, which says it has none, holds more than its size
  let content = Buffer.alloc(Math.min(mostBytes, file.bytes || FIRST_READ_BYTES) + 1);
  let filled = 0;
  for (;;) {
    const read = readSome(file.fd, content.subarray(filled), path);
    if (read === 0) return content.subarray(0, filled);
    filled += read;
    if (filled > mostBytes) throw tooLarge(path, mostBytes, options);
    if (filled === content.length) {
      const larger = Buffer.alloc(Math.min(mostBytes + 1, content.length * 2));
      content.copy(larger);
      content = larger;
    }
  }
}

function readSome(fd: number, into: Buffer, path: string): number {
  try {
    return readSync(fd, into, 0, into.length, null);
  } catch (error) {
    throw readError(error, path);
  }
}

function refuseOthers(stats: Stats, path: string, code: ErrorCode): void {
  if (!stats.isFile()) throw notRegular(path, kindOf(stats), code);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function notRegular(path: string, kind: string, code: ErrorCode): SnugError {
  return new SnugError(code, `${path} is ${kind}, not a file`, { advice: 'Choose a file on a disk.', path });
}

function tooLarge(path: string, mostBytes: number, { refusedAs = 'FILE' }: RegularFileOptions): SnugError {
  const mebibytes = Math.round(mostBytes / 2 ** 20);
  const limit = mebibytes > 0 ? `${mebibytes} MiB` : `${mostBytes} bytes`;
  return new SnugError(refusedAs, `${path} is larger than ${limit}`, {
    advice: 'Choose a smaller file.',
    path,
  });
}

const REASONS: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  EACCES: ['permission was denied', 'Change its permissions, or copy it to a folder of your own.'],
  EPERM: ['permission was denied', 'Change its permissions, or copy it to a folder of your own.'],
  EBUSY: ['another program uses it', 'Close that program and try again.'],
  EMFILE: ['too many files are open', 'Close other programs and try again.'],
  ENFILE: ['too many files are open', 'Close other programs and try again.'],
  ELOOP: ['its link leads in a circle', 'Choose the file itself.'],
  ENAMETOOLONG: ['its name is too long', 'Rename it.'],
  EIO: ['the disk has an error', 'Check the disk, or copy the file from a backup.'],
};

/** Says in plain words why the system refused to read, as a SnugError. */
function readError(error: unknown, path: string): SnugError {
  if (error instanceof SnugError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && isLink(path))
    return new SnugError('FILE', `${path} is a link to a file that is not there`, {
      advice: 'Bring the file back that it leads to, or connect its disk; or choose another file.',
      path,
      cause: error,
    });
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SnugError('FILE', `there is no file ${path}`, {
      advice: 'Check its name and whether it was moved.',
      path,
      cause: error,
    });
  const [reason, advice] = REASONS[code] ?? [message, 'Check the file and try again.'];
  return new SnugError('FILE', `${path} cannot be read: ${reason}`, { advice, path, cause: error });
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

// https://learn.microsoft.com/windows/win32/fileio/naming-a-file: reserved with any extension, in any folder
const RESERVED_NAME = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i;

/** Whether Windows would open something else than a file under this path: a console, a serial port, a named pipe, a raw disk. */
export function isWindowsDevice(path: string): boolean {
  const normal = win32.normalize(path);
  if (normal.startsWith('\\\\.\\')) return true;
  // after this prefix only a file of a drive or of a server is one
  if (normal.startsWith('\\\\?\\')) return !/^.{4}([a-z]:\\[^\\]|unc\\[^\\]+\\(?!pipe(\\|$)))/i.test(normal);
  if (/^\\\\[^\\]+\\pipe(\\|$)/i.test(normal)) return true;
  // what follows a dot or a colon, and spaces before it, don't make it another name
  return RESERVED_NAME.test(
    win32
      .basename(normal)
      .replace(/[.:].*$/, '')
      .trimEnd(),
  );
}

/**
 * The files below a folder, also those that a link leads to. A link to a folder is not followed: it may lead round in a circle, or to the
 * whole disk (`readdirSync`'s own recursion follows it). Folders further down that may not be read are left out, as the system's own on
 * every drive are.
 */
export function regularFilesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return readableFilesBelow(path);
    return entry.isFile() || (entry.isSymbolicLink() && isFile(path)) ? [path] : [];
  });
}

function readableFilesBelow(folder: string): string[] {
  try {
    return regularFilesBelow(folder);
  } catch {
    // not ours to read, or gone meanwhile
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // a link that leads nowhere, or to itself
    return false;
  }
}
