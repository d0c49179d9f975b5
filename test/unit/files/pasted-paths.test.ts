import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { givenPath, pastedPaths } from '../../../src-main/files/pasted-paths.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const surroundings = (windows: boolean, files: readonly string[]) => ({
  windows,
  home: windows ? 'C:\\Users\\ada' : '/home/ada',
  exists: (path: string) => files.includes(path),
});

describe('a path pasted into a terminal', () => {
  const file = '/home/ada/my pictures/a b.png';
  const apostrophe = "/home/ada/it's #1 50%.png";
  const screenshot = '/home/ada/Screenshot at 1.00\u202fPM.png';
  const odd = '/home/ada/a\\b "c".png';
  const posix = surroundings(false, [file, apostrophe, screenshot, odd, '/a.png', '/b.png', '/scan.pdf']);

  it.each([
    ['as it is', file, [file]],
    ['in single quotes', `'${file}'`, [file]],
    ['in double quotes', `"${file}"`, [file]],
    ['with backslashes', '/home/ada/my\\ pictures/a\\ b.png', [file]],
    ['as an address', 'file:///home/ada/my%20pictures/a%20b.png', [file]],
    ['as an address of this machine', 'file://localhost/home/ada/my%20pictures/a%20b.png', [file]],
    ['as an address with spaces', 'file:///home/ada/my pictures/a b.png', [file]],
    ['in the home folder', '~/my\\ pictures/a\\ b.png', [file]],
    ['in the home folder, with spaces', '~/my pictures/a b.png', [file]],
    ['with spaces around it', `  '${file}' \t`, [file]],
    ['an apostrophe, as it is', apostrophe, [apostrophe]],
    ['an apostrophe as a shell quotes it', "'/home/ada/it'\\''s #1 50%.png'", [apostrophe]],
    ['an apostrophe in double quotes', `"${apostrophe}"`, [apostrophe]],
    ['an apostrophe in an address', 'file:///home/ada/it%27s%20%231%2050%25.png', [apostrophe]],
    ['a hash in an address that is not encoded', "file:///home/ada/it's #1 50%25.png", [apostrophe]],
    ['a narrow space of macOS', screenshot, [screenshot]],
    ['a narrow space of macOS, escaped', screenshot.replaceAll(' ', '\\ '), [screenshot]],
    ['backslashes and quotes in a name', odd, [odd]],
    ['backslashes and quotes in a name, escaped', '"/home/ada/a\\\\b \\"c\\".png"', [odd]],
    ['a page of a document', '/scan.pdf#page=2', ['/scan.pdf#page=2']],
    ['a page of a document as an address', 'file:///scan.pdf#page=2', ['/scan.pdf#page=2']],
    ['two of them', '/a.png /b.png', ['/a.png', '/b.png']],
    ['three of them, differently', `'/a.png' "${file}" file:///b.png`, ['/a.png', file, '/b.png']],
    ['two with spaces and no quotes', `/a.png ${file}`, ['/a.png', file]],
    ['one on each line', `/a.png\r\n${file}\n\nfile:///b.png\n`, ['/a.png', file, '/b.png']],
    ['one that is there and one that is not', '/a.png /c.png', ['/a.png', '/c.png']],
    ['a file that is not there', '/no such file.png', ['/no such file.png']],
    ['a file that is not there, in quotes', "'/no such file.png'", ['/no such file.png']],
    ['a quote that never ends', "'/a.png", ["'/a.png"]],
    ['an address that leads to no file', 'file://%', ['file://%']],
    ['nothing', '  ', []],
  ])('%s', (_, text, paths) => {
    expect(pastedPaths(text, posix)).toEqual(paths);
  });
});

describe('a path pasted into a terminal of Windows', () => {
  const file = 'C:\\Users\\ada\\my pictures\\a b.png';
  const apostrophe = "C:\\O'Brien's.png";
  const shared = '\\\\nas\\photos\\a b.png';
  const windows = surroundings(true, [file, apostrophe, shared, 'C:\\new\\table.png']);

  it.each([
    ['as it is', file, [file]],
    ['as “Copy as path” gives it', `"${file}"`, [file]],
    ['in single quotes', `'${file}'`, [file]],
    ['an apostrophe', apostrophe, [apostrophe]],
    ['an apostrophe in double quotes', `"${apostrophe}"`, [apostrophe]],
    ['an apostrophe as PowerShell quotes it', "'C:\\O''Brien''s.png'", [apostrophe]],
    ['as an address', 'file:///C:/Users/ada/my%20pictures/a%20b.png', [file]],
    ['on a server', `"${shared}"`, [shared]],
    ['on a server, as an address', 'file://nas/photos/a%20b.png', [shared]],
    ['several', `"${file}" C:\\new\\table.png`, [file, 'C:\\new\\table.png']],
    ['a file that is not there', '"C:\\new\\no such.png"', ['C:\\new\\no such.png']],
  ])('%s', (_, text, paths) => {
    expect(pastedPaths(text, windows)).toEqual(paths);
  });
});

it('of an option is taken as the shell hands it over, but for addresses and the home folder', () => {
  const posix = surroundings(false, ['~/odd']);
  expect(givenPath('file:///a%20b.png', posix)).toBe('/a b.png');
  expect(givenPath('~/a b.png', posix)).toBe('/home/ada/a b.png');
  expect(givenPath("it's\\ a.png", posix)).toBe("it's\\ a.png");
  expect(givenPath('~/odd', posix)).toBe('~/odd');
});

it('of this machine is found', () => {
  const folder = join(temporaryFolder(), 'my pictures');
  mkdirSync(folder);
  const path = join(folder, 'a b.png');
  writeFileSync(path, '');
  expect(pastedPaths(`"${path}"`)).toEqual([path]);
});
