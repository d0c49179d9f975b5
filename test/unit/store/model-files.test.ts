import {
  appendFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileStamp, type FileStamp } from '../../../src-main/files/file-stamp.ts';
import { ModelFiles } from '../../../src-main/store/model-files.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const SHA256 = 'ab'.repeat(32);

function fileIn(
  folder: string,
  name = 'model.gguf',
  content = 'weights',
): { path: string; stamp: FileStamp } {
  const path = join(folder, name);
  writeFileSync(path, content);
  const stamp = fileStamp(path);
  if (!stamp) throw new Error('it was written');
  return { path, stamp };
}

it('knows a file over restarts until its size, its time or its place on the disk changes', () => {
  const folder = temporaryFolder();
  const { path, stamp } = fileIn(folder);
  {
    using files = ModelFiles.open(folder);
    expect(files.known(path)).toBeUndefined();
    files.remember(path, stamp, SHA256);
  }
  using files = ModelFiles.open(folder);
  expect(files.known(path)).toBe(SHA256);

  utimesSync(path, 1, 1);
  expect(files.known(path)).toBeUndefined();
  utimesSync(path, stamp.modified / 1000, stamp.modified / 1000);
  files.remember(path, fileStamp(path) ?? stamp, SHA256);
  expect(files.known(path)).toBe(SHA256);

  // a copy with the same size and time, as an archive brings it
  const { mtime, atime } = statSync(path);
  const other = fileIn(folder, 'other.gguf', 'WEIGHTS').path;
  utimesSync(other, atime, mtime);
  renameSync(other, path);
  expect(files.known(path)).toBeUndefined();

  appendFileSync(path, 'x');
  expect(files.known(path)).toBeUndefined();
});

it('says where the same content was seen, also where it is gone', () => {
  const folder = temporaryFolder();
  using files = ModelFiles.open(folder);
  const [one, other] = [fileIn(folder, 'a.gguf'), fileIn(folder, 'b.gguf')];
  files.remember(other.path, other.stamp, SHA256);
  files.remember(one.path, one.stamp, SHA256);
  renameSync(one.path, join(folder, 'moved.gguf'));
  expect(files.places(SHA256)).toEqual([one.path, other.path]);
  expect(files.recall(one.path)).toMatchObject({ sha256: SHA256, bytes: 7 });
  expect(files.known(one.path)).toBeUndefined();
  files.forget(one.path);
  expect(files.places(SHA256)).toEqual([other.path]);
});

it('is told and asked by several processes at a time', () => {
  const folder = temporaryFolder();
  const { path, stamp } = fileIn(folder);
  using one = ModelFiles.open(folder);
  using other = ModelFiles.open(folder);
  other.remember(path, stamp, SHA256);
  expect(one.known(path)).toBe(SHA256);
});

it('takes over once what an earlier Snug kept in a file', () => {
  const folder = temporaryFolder();
  const { path } = fileIn(folder);
  const { size, mtimeMs } = statSync(path);
  const earlier = join(folder, 'work', 'hashes.json');
  mkdirSync(join(folder, 'work'));
  writeFileSync(earlier, JSON.stringify({ [path]: { size, modified: mtimeMs, sha256: SHA256 } }));
  {
    using files = ModelFiles.open(folder);
    expect(files.known(path)).toBe(SHA256);
  }
  expect(existsSync(earlier)).toBe(false);
  writeFileSync(earlier, '{"cut off');
  using files = ModelFiles.open(folder);
  expect(files.known(path)).toBe(SHA256);
});

it('is made anew when it is damaged', () => {
  const folder = temporaryFolder();
  const { path, stamp } = fileIn(folder);
  mkdirSync(join(folder, 'work'));
  writeFileSync(join(folder, 'work', 'model-files.db'), 'x'.repeat(5000));
  using files = ModelFiles.open(folder);
  files.remember(path, stamp, SHA256);
  expect(files.known(path)).toBe(SHA256);
});

it.runIf(platform() !== 'win32')('is for the person alone', () => {
  const folder = temporaryFolder();
  using _ = ModelFiles.open(folder);
  expect(statSync(join(folder, 'work', 'model-files.db')).mode & 0o077).toBe(0);
});

it('keeps what a file held first, whatever is hashed there later, until another model was written over it', () => {
  const folder = temporaryFolder();
  const { path, stamp } = fileIn(folder);
  using files = ModelFiles.open(folder);
  expect(files.noted(path)).toBeUndefined();
  files.remember(path, stamp, SHA256);
  appendFileSync(path, 'x');
  const other = 'cd'.repeat(32);
  files.remember(path, fileStamp(path) ?? stamp, other);
  expect(files.known(path)).toBe(other);
  expect(files.noted(path)).toMatchObject({ bytes: stamp.bytes, modified: stamp.modified, sha256: SHA256 });
  files.noteAnew(path);
  files.remember(path, fileStamp(path) ?? stamp, other);
  expect(files.noted(path)).toMatchObject({ bytes: stamp.bytes + 1, sha256: other });
  files.forget(path);
  expect([files.noted(path), files.recall(path)]).toEqual([undefined, undefined]);
});

it('knows a split model until one of its parts changes, and one file as itself', () => {
  const folder = temporaryFolder();
  const parts = ['a', 'b'].map((name) => fileIn(folder, name));
  const paths = parts.map(({ path }) => path);
  const [first = ''] = paths;
  const stamps = parts.map(({ stamp }) => stamp);
  using files = ModelFiles.open(folder);
  expect(files.knownModel(paths)).toBeUndefined();
  files.rememberModel(paths, [stamps[0], undefined], SHA256);
  expect(files.knownModel(paths)).toBeUndefined();
  files.rememberModel(paths, stamps, SHA256);
  expect(files.knownModel(paths)).toBe(SHA256);
  // what is known of the whole is not of its first part
  expect(files.knownModel([first])).toBeUndefined();
  expect(files.places(SHA256)).toEqual([]);
  appendFileSync(paths[1] ?? '', 'x');
  expect(files.knownModel(paths)).toBeUndefined();
  files.rememberModel([first], [stamps[0]], SHA256);
  expect(files.known(first)).toBe(SHA256);
});
