import type * as NodeFs from 'node:fs';
import { mkdirSync, readFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { writeFileAtomically } from '../../../src-main/files/durable-files.ts';
import { writeError } from '../../../src-main/files/write-error.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const refusals: string[] = [];

vi.mock('node:os', async (original) => ({ ...(await original<object>()), platform: vi.fn(() => 'linux') }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof NodeFs>();
  const refused: typeof fs.renameSync = (from, to) => {
    const code = refusals.shift();
    if (code !== undefined) throw Object.assign(new Error(`${code}: refused`), { code });
    fs.renameSync(from, to);
  };
  return { ...fs, renameSync: vi.fn(refused) };
});

beforeEach(() => {
  refusals.length = 0;
  vi.mocked(renameSync).mockClear();
});

describe('a rename that the system refuses', () => {
  it('once is tried again, and what was to be written is there', () => {
    const path = join(temporaryFolder(), 'state.json');
    refusals.push('EBUSY', 'EBUSY');
    writeFileAtomically(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it.each(['EPERM', 'EACCES'])('with %s is tried again on Windows, where a virus scanner looks', (code) => {
    const path = join(temporaryFolder(), 'state.json');
    vi.mocked(platform).mockReturnValue('win32');
    refusals.push(code);
    writeFileAtomically(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    vi.mocked(platform).mockReturnValue('linux');
    refusals.push(code);
    expect(thrown(() => writeFileAtomically(path, 'newer')).code).toBe('CANNOT_WRITE');
    expect(renameSync).toHaveBeenCalledTimes(3);
  });

  it('for good leaves the old file and nothing beside it, and says who may be in the way', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'state.json');
    writeFileAtomically(path, 'old');
    refusals.push(...Array.from({ length: 100 }, () => 'EBUSY'));
    const error = thrown(() => writeFileAtomically(path, 'new'));
    expect(error.message).toContain('another program is using it');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });
});

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

  it('is not written through a link that lies where its temporary file goes', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'state.json');
    writeFileSync(join(folder, 'important'), 'kept');
    symlinkSync(join(folder, 'important'), `${path}.${process.pid}.tmp`);
    writeFileAtomically(path, 'new');
    expect(readFileSync(join(folder, 'important'), 'utf8')).toBe('kept');
    expect(readFileSync(path, 'utf8')).toBe('new');
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
    expect(error.advice).toContain('resumes where it stopped');
    expect(error.cause).toMatchObject({ code });
  });

  it.each([
    ['EACCES', 'permission was denied'],
    ['EPERM', 'permission was denied'],
    ['EROFS', 'read-only'],
    ['ENOENT', 'does not exist'],
    ['ENOTDIR', 'part of its path is a file'],
    ['EISDIR', 'is a folder'],
    ['ELOOP', 'a circle of links'],
    ['ENAMETOOLONG', 'too long'],
    ['EBUSY', 'another program is using it'],
    ['EMFILE', 'EMFILE: something'],
  ])('%s is said as "%s"', (code, words) => {
    const error = writeError(system(code), '/models/out.gguf');
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain(words);
    expect(error.remedies).toContainEqual({ kind: 'choose-output' });
  });

  it('is said again with better advice by who knows what was being done', () => {
    const advice = { full: 'Make room.', refused: 'Ask.', elsewhere: [{ kind: 'choose-home' }] } as const;
    const full = writeError(writeError(system('ENOSPC'), '/a'), '/b', advice);
    expect(full).toMatchObject({
      code: 'DISK_FULL',
      advice: 'Make room.',
      remedies: [],
      cause: { code: 'ENOSPC' },
    });
    expect(full.message).toContain('/a');
    const refused = writeError(system('EROFS'), '/b', advice);
    expect(refused).toMatchObject({ code: 'CANNOT_WRITE', advice: 'Ask.', remedies: advice.elsewhere });
    const another = new SnugError('CANNOT_WRITE', 'it is a pipe', { advice: 'Move it away.' });
    expect(writeError(another, '/b', advice)).toBe(another);
  });

  it('is left as it is when already said', () => {
    const cancelled = new SnugError('CANCELLED', 'cancelled');
    expect(writeError(cancelled, '/models/out.gguf')).toBe(cancelled);
  });
});
