import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { writeError, writeFileAtomically } from '../../../src-main/luq/files.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

describe('a file written whole or not at all', () => {
  it('is made with its folder, replaces the old one, and leaves nothing beside it', () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    const path = join(folder, 'state.json');
    writeFileAtomically(path, 'old');
    writeFileAtomically(path, Uint8Array.of(110, 101, 119));
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('that would replace a folder is refused, and nothing is left behind', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'state.json');
    mkdirSync(join(path, 'inside'), { recursive: true });
    const error = thrown(() => writeFileAtomically(path, 'x'));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain(path);
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('below a regular file is refused in plain words', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'kept');
    const error = thrown(() => writeFileAtomically(join(file, 'state.json'), 'x'));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });
});

describe('why the system refused to write', () => {
  const system = (code: string) => Object.assign(new Error(`${code}: something`), { code });

  it.each(['ENOSPC', 'EDQUOT'])('%s is a full disk, with the promise that work goes on', (code) => {
    const error = writeError(system(code), '/models/out.gguf');
    expect(error.code).toBe('DISK_FULL');
    expect(error.message).toContain('/models/out.gguf');
    expect(error.advice).toContain('goes on where it stopped');
    expect(error.cause).toMatchObject({ code });
  });

  it.each([
    ['EACCES', 'permission was denied'],
    ['EPERM', 'permission was denied'],
    ['EROFS', 'read-only'],
    ['ENOENT', 'does not exist'],
    ['ENOTDIR', 'part of its path is a file'],
    ['EISDIR', 'is a folder'],
    ['EMFILE', 'EMFILE: something'],
  ])('%s is said as "%s"', (code, words) => {
    const error = writeError(system(code), '/models/out.gguf');
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain(words);
    expect(error.advice).toContain('--output');
  });

  it('is left as it is when already said', () => {
    const cancelled = new SnugError('CANCELLED', 'cancelled');
    expect(writeError(cancelled, '/models/out.gguf')).toBe(cancelled);
  });
});
