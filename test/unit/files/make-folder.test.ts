import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../../../src-main/files/durable-files.ts';
import { protectHome } from '../../../src-main/files/private-files.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

it('a folder is made with those above it, and one that is there stays', () => {
  const folder = join(temporaryFolder(), 'a', 'b');
  makeFolder(folder);
  makeFolder(folder);
  expect(existsSync(folder)).toBe(true);
});

it('a folder is not made where a file is', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow(/EEXIST/);
  expect(() => makeFolder(join(file, 'a'))).toThrow(/EEXIST|ENOTDIR/);
});

// the process is ended from outside, as the loop never lets go of its thread
it.runIf(platform() === 'linux')('a folder that a file system makes none of is refused at once', () => {
  const script = join(import.meta.dirname, '..', '..', 'fixtures', 'make-folder-in-child.ts');
  const child = spawnSync(process.execPath, [script, '/proc/snug/a'], { encoding: 'utf8', timeout: 20_000 });
  expect(child.stdout).toBe('ENOENT');
});

it.skipIf(platform() === 'win32')('a file that was named as the home keeps its modes', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '', { mode: 0o644 });
  const { mode } = statSync(file);
  protectHome(file);
  expect(statSync(file).mode).toBe(mode);
});
