import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { platform, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWindowsDevice, openRegularFile, readRegularFile } from '../../../src-main/files/regular-file.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const onWindows = platform() === 'win32';
const read = (path: string, mostBytes = 1000) => readRegularFile(path, { mostBytes });

function fileOf(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'file.bin');
  writeFileSync(path, content);
  return path;
}

function expectRefused(path: string, kind: string): void {
  for (const call of [() => openRegularFile(path), () => read(path)]) {
    const error = thrown(call);
    expect(error.code).toBe('FILE');
    expect(error.message).toBe(`${path} is ${kind}, not a file`);
    expect(error.advice).toBeTruthy();
  }
}

it('what cannot be read is named as data too: no one looks for it in the words', () => {
  const folder = temporaryFolder();
  for (const path of [folder, join(folder, 'missing'), fileOf('x'.repeat(1001))])
    expect(thrown(() => read(path)).path).toBe(path);
});

describe('a regular file', () => {
  it('is opened with its size', () => {
    using file = openRegularFile(fileOf('twelve bytes'));
    expect(file.bytes).toBe(12);
    expect(file.fd).toBeGreaterThan(0);
  });

  it.each([0, 1, 999, 1000])('of %d bytes is read whole', (length) => {
    const content = Buffer.alloc(length, 'snug');
    expect(read(fileOf(content)).equals(content)).toBe(true);
  });

  it('is read through a link', () => {
    const link = join(temporaryFolder(), 'link');
    symlinkSync(fileOf('behind a link'), link);
    expect(read(link).toString()).toBe('behind a link');
  });

  it('larger than the limit is refused and the limit is named', () => {
    expect(thrown(() => read(fileOf(Buffer.alloc(1001)))).message).toContain('is larger than 1000 bytes');
    const path = fileOf(Buffer.alloc(2 ** 20 + 1));
    expect(thrown(() => read(path, 2 ** 20)).message).toContain('is larger than 1 MiB');
  });

  it.runIf(platform() === 'linux')('that says it is empty is read up to the limit', () => {
    expect(read('/proc/self/status', 1e6).toString()).toContain('VmHWM');
    expect(thrown(() => read('/proc/self/status', 100)).message).toContain('larger than 100 bytes');
  });

  it.skipIf(onWindows)('may be opened often: nothing stays open', () => {
    const folder = temporaryFolder();
    const path = fileOf('again');
    const first = openRegularFile(path);
    first[Symbol.dispose]();
    for (let i = 0; i < 50; i++) {
      read(path);
      expect(thrown(() => read(folder)).code).toBe('FILE');
    }
    using last = openRegularFile(path);
    expect(last.fd).toBe(first.fd);
  });
});

describe('what is no file', () => {
  it('a folder', () => {
    const folder = join(temporaryFolder(), 'photos.jpg');
    mkdirSync(folder);
    expectRefused(folder, 'a folder');
    expect(thrown(() => openRegularFile(folder, { refusedAs: 'BAD_PICTURE' })).code).toBe('BAD_PICTURE');
  });

  it.skipIf(onWindows)('a FIFO that nobody writes to, without waiting for a writer', () => {
    const fifo = join(temporaryFolder(), 'cat.jpg');
    execFileSync('mkfifo', [fifo]);
    expectRefused(fifo, 'a pipe');
    const link = join(temporaryFolder(), 'link.jpg');
    symlinkSync(fifo, link);
    expectRefused(link, 'a pipe');
  });

  it.skipIf(onWindows)('a socket', async () => {
    const path = join(temporaryFolder(), 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      expectRefused(path, 'a socket');
    } finally {
      server.close();
    }
  });

  it.skipIf(onWindows).each(['/dev/zero', '/dev/null', '/dev/tty'])('the device %s', (path) => {
    expectRefused(path, 'a device');
  });

  it.each(['nowhere', 'file.bin/below a file', 'a\0b'])('%j, which is not there', (name) => {
    const path = join(fileOf('a file'), '..', name);
    const error = thrown(() => read(path));
    expect(error.code).toBe('FILE');
    expect(error.advice).toBeTruthy();
    if (!name.includes('\0')) expect(error.message).toBe(`there is no file ${path}`);
  });

  it.skipIf(onWindows)('a link in a circle', () => {
    const path = join(temporaryFolder(), 'circle');
    symlinkSync(path, path);
    expect(thrown(() => read(path)).message).toContain('its link leads in a circle');
  });

  // root may read everything
  it.skipIf(onWindows || userInfo().uid === 0)('a file that may not be read', () => {
    const path = fileOf('secret');
    chmodSync(path, 0);
    expect(thrown(() => read(path)).message).toContain('permission was denied');
  });
});

describe('a path that Windows takes for a device', () => {
  it.each([
    'CON',
    'nul',
    'NUL.jpg',
    'C:\\pictures\\aux.png',
    'C:/pictures/com1',
    'LPT9 .txt',
    'COM²',
    'NUL:',
    'nul. .jpg',
    'CONIN$',
    '\\\\.\\pipe\\snug',
    '//./PhysicalDrive0',
    '\\\\.\\C:',
    '\\\\?\\pipe\\snug',
    '\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\x',
    '\\\\?\\C:',
    '\\\\?\\C:\\',
    '\\\\server\\pipe\\snug',
    '\\\\?\\UNC\\server\\pipe\\snug',
  ])('%s', (path) => expect(isWindowsDevice(path)).toBe(true));

  it.each([
    'cat.jpg',
    'console.png',
    'nullable',
    'com.jpg',
    'C:\\pictures\\cat.jpg',
    'C:\\con-artists\\com10.png',
    '\\\\?\\C:\\very\\long\\cat.jpg',
    '\\\\server\\share\\cat.jpg',
    '\\\\?\\UNC\\server\\share\\pipe\\cat.jpg',
    '\\\\?\\C:\\water\\pipe\\cat.jpg',
    'pipe\\cat.jpg',
  ])('but not %s', (path) => expect(isWindowsDevice(path)).toBe(false));
});
