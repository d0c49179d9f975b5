import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openWorkspace } from '../../../src-main/fit/workspace.ts';
import { takeLock } from '../../../src-main/store/lock.ts';
import { insistHomeIsFolder } from '../../../src-main/files/private-files.ts';
import { snugHome } from '../../../src-main/home.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

vi.mock('node:os', async (original) => ({ ...(await original<object>()), platform: vi.fn(() => 'linux') }));

describe('where Snug keeps its things', () => {
  it('is where SNUG_HOME says', () => {
    expect(snugHome({ SNUG_HOME: '/data/snug', XDG_DATA_HOME: '/elsewhere' })).toBe('/data/snug');
  });

  it("is else in the person's data folder on Linux", () => {
    const usual = join(homedir(), '.local', 'share', 'snug');
    expect(snugHome({ XDG_DATA_HOME: '/data' })).toBe('/data/snug');
    expect(snugHome({})).toBe(usual);
    expect(snugHome({ SNUG_HOME: '' })).toBe(usual);
    // the XDG specification: empty is as good as not set
    expect(snugHome({ XDG_DATA_HOME: '' })).toBe(usual);
    // … and a path that is not whole is to be ignored
    expect(snugHome({ XDG_DATA_HOME: 'data' })).toBe(usual);
  });

  it('is else where macOS and Windows keep the data of programs', () => {
    vi.mocked(platform).mockReturnValueOnce('darwin');
    expect(snugHome({})).toBe(join(homedir(), 'Library', 'Application Support', 'Snug'));
    vi.mocked(platform).mockReturnValueOnce('win32');
    expect(snugHome({ LOCALAPPDATA: '/users/me/local' })).toBe(join('/users/me/local', 'Snug'));
    vi.mocked(platform).mockReturnValueOnce('win32');
    expect(snugHome({})).toBe(join(homedir(), 'AppData', 'Local', 'Snug'));
    vi.mocked(platform).mockReturnValueOnce('win32');
    expect(snugHome({ LOCALAPPDATA: '' })).toBe(join(homedir(), 'AppData', 'Local', 'Snug'));
  });

  it('is a whole path, however it was named, as it is kept in what Snug writes', () => {
    expect(snugHome({ SNUG_HOME: 'snug' })).toBe(join(process.cwd(), 'snug'));
    expect(snugHome({ SNUG_HOME: ' ', XDG_DATA_HOME: '/data' })).toBe('/data/snug');
  });

  it('is a folder, or not there yet', () => {
    const file = join(temporaryFolder(), 'file');
    insistHomeIsFolder(file);
    writeFileSync(file, '');
    insistHomeIsFolder(join(file, '..'));
    // those who write in one that can't be looked at say why
    insistHomeIsFolder(join(file, '..', 'n'.repeat(300)));
    expect(thrown(() => insistHomeIsFolder(file))).toMatchObject({
      code: 'BAD_ARGUMENT',
      remedies: [{ kind: 'choose-home' }],
    });
  });

  it('is a folder for each source, found again by its hash', () => {
    const home = temporaryFolder();
    const one = openWorkspace(home, 'a'.repeat(64));
    expect(openWorkspace(home, 'a'.repeat(64)).folder).toBe(one.folder);
    expect(openWorkspace(home, 'b'.repeat(64)).folder).not.toBe(one.folder);
    expect(existsSync(one.bank)).toBe(true);
    expect(one.calibration('x')).not.toBe(one.calibration('y'));
  });

  it('that cannot be made is told in plain words', () => {
    const home = join(temporaryFolder(), 'file');
    writeFileSync(home, '');
    const error = thrown(() => openWorkspace(home, 'a'.repeat(64)));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.remedies).toContainEqual({ kind: 'choose-home' });
  });
});

/** Another process that holds a lock, as another Snug would. */
async function otherHolding(path: string) {
  const script = join(import.meta.dirname, '../../helpers/workers/hold-lock.ts');
  const other = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(other, 'exit');
  onTestFinished(async () => {
    other.kill('SIGKILL');
    await ended;
  });
  await once(other.stdout, 'data');
  return { pid: other.pid ?? 0, kill: () => other.kill('SIGKILL'), ended };
}

describe('a lock', () => {
  const lockPath = () => join(temporaryFolder(), 'new', 'folder', 'lock');

  it('is taken once in this process, and again when it was released', () => {
    const path = lockPath();
    {
      using _lock = takeLock(path, 'fitting Demo-VL');
      const error = thrown(() => takeLock(path, 'fitting Demo-VL'));
      expect(error.code).toBe('BUSY');
      expect(error.message).toContain('already fitting Demo-VL');
    }
    expect(existsSync(path)).toBe(false);
    using _again = takeLock(path, 'fitting Demo-VL');
    expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
  });

  it('of another running process is respected, and taken over when that is killed', async () => {
    const path = lockPath();
    const other = await otherHolding(path);
    const error = thrown(() => takeLock(path, 'fitting'));
    expect(error.code).toBe('BUSY');
    expect(error.message).toContain(`process ${other.pid}`);
    expect(existsSync(path)).toBe(true);
    other.kill();
    await other.ended;
    expect(existsSync(path)).toBe(true);
    using _lock = takeLock(path, 'fitting');
    expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
  });

  it.each(['', 'not a number', '-1', '0', String(process.pid)])(
    'left behind with "%s" in it is taken over',
    (content) => {
      const path = join(temporaryFolder(), 'lock');
      writeFileSync(path, content);
      using _lock = takeLock(path, 'fitting');
      expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
    },
  );

  it('where nothing can be written is told in plain words', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(thrown(() => takeLock(join(file, 'lock'), 'fitting')).code).toBe('CANNOT_WRITE');
  });
});
