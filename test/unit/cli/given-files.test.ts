import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  givenFile,
  givenModel,
  givenPicture,
  givenMmproj,
  optionalFile,
} from '../../../src-main/cli/given-files.ts';
import { splitModel } from '../../fixtures/split-model.ts';
import { writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const folderWith = (...names: string[]) => {
  const folder = temporaryFolder();
  for (const name of names) writeFileSync(join(folder, name), '');
  return folder;
};

describe('a file named on the command line', () => {
  it('may be written as an address of this machine, or begin with a ~ that no shell replaced', () => {
    const path = join(folderWith('my model.gguf'), 'my model.gguf');
    for (const given of [givenFile, givenModel, givenMmproj, givenPicture]) {
      expect(given(pathToFileURL(path).href)).toBe(path);
      expect(given('~/no-such-file')).toBe(join(homedir(), 'no-such-file'));
      expect(given('no-such-file')).toBe(resolve('no-such-file'));
    }
    expect(optionalFile('~')).toBe(homedir());
    expect(optionalFile(undefined)).toBeUndefined();
  });

  it('is no address of another machine', () => {
    expect(thrown(() => givenModel('Qwen/Qwen2.5-VL-7B-Instruct-GGUF')).code).toBe('BAD_ARGUMENT');
    expect(thrown(() => givenMmproj('https://example.com/mmproj.gguf')).message).toContain('address');
    expect(thrown(() => givenPicture('https://example.com/cat.jpg')).message).toContain('address');
  });
});

describe('a folder named for a model', () => {
  it('is its only model', () => {
    const folder = folderWith('m-F16.GGUF', 'mmproj-F16.gguf', '._m-F16.gguf', 'README.md');
    expect(givenModel(folder)).toBe(join(folder, 'm-F16.GGUF'));
  });

  it('is its only model, also where that is split, and any part means the whole', () => {
    const folder = temporaryFolder();
    const parts = splitModel(writeTextModel(temporaryFolder()), folder);
    expect(givenModel(folder)).toBe(parts[0]);
    for (const part of parts) expect(givenModel(part)).toBe(parts[0]);
    writeFileSync(join(folder, 'mmproj-F16.gguf'), '');
    rmSync(parts[0] ?? '');
    // whoever opens it is told which part is missing
    expect(givenModel(folder)).toBe(parts[1]);
  });

  it('that holds several is asked which', () => {
    const error = thrown(() => givenModel(folderWith('b.gguf', 'a.gguf')));
    expect(error.message).toContain('is a folder, and holds 2 models');
    expect(error.advice).toBe('Name one of them: a.gguf, b.gguf');
  });

  it('that holds none is said so', () => {
    const folder = folderWith('mmproj-F16.gguf');
    mkdirSync(join(folder, 'below'));
    expect(thrown(() => givenModel(folder)).message).toContain('holds no GGUF models');
  });
});
