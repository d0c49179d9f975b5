import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { LibraryService } from '../../../src-main/contract/model.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

interface Question {
  readonly message: string;
  readonly detail: string;
  readonly defaultId: number;
}
let answer: (question: Question) => Promise<number>;
let asked: Question[] = [];
let told: string[] = [];
vi.mock('electron', () => ({
  dialog: {
    showMessageBox: async (question: Question) => {
      asked.push(question);
      return { response: await answer(question) };
    },
    showErrorBox: (_: string, content: string) => told.push(content),
  },
}));
const { isLocalPath, modelFiles, OpenedFiles } = await import('../../../src-main/shell/opened-files.ts');
const { shownPath } = await import('../../../src-main/shell/ask-paths.ts');

const YES = () => Promise.resolve(0);
const NO = () => Promise.resolve(1);

beforeEach(() => {
  asked = [];
  told = [];
  answer = YES;
});

function library(add?: LibraryService['add']) {
  const added: string[] = [];
  const take: LibraryService['add'] = ({ paths }) => {
    added.push(...paths);
    return Promise.resolve({ added: [], known: [], notes: [], refused: [] });
  };
  return { added, files: new OpenedFiles({ add: add ?? take } as LibraryService, () => undefined) };
}

function model(name = 'model.gguf'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, 'GGUF');
  return path;
}

describe('the files among the arguments', () => {
  it.each([
    ['linux', ['snug', 'a.gguf', '--flag.gguf', '/b.GGUF', 'c.txt'], '/home', ['/home/a.gguf', '/b.GGUF']],
    ['win32', ['snug', 'a.gguf'], 'C:\\Users', ['C:\\Users\\a.gguf']],
    ['win32', ['snug', 'a.gguf'], '\\\\server\\share', ['\\\\server\\share\\a.gguf']],
  ] as const)('on %s: %j', (platform, argv, folder, files) => {
    expect(modelFiles(argv, folder, platform)).toEqual(files);
  });
});

describe('a path of this machine', () => {
  it.each([
    ['/home/me/model.gguf', 'linux', true],
    ['model.gguf', 'linux', false],
    ['/home/me/a\0.gguf', 'linux', false],
    ['C:\\models\\model.gguf', 'win32', true],
    ['c:/models/model.gguf', 'win32', true],
    ['\\\\server\\share\\model.gguf', 'win32', false],
    ['//server/share/model.gguf', 'win32', false],
    ['\\\\?\\UNC\\server\\share\\model.gguf', 'win32', false],
    ['\\\\?\\C:\\model.gguf', 'win32', false],
    ['\\\\.\\pipe\\x.gguf', 'win32', false],
    ['\\/server/share/model.gguf', 'win32', false],
    ['\\models\\model.gguf', 'win32', false],
    ['C:model.gguf', 'win32', false],
    ['C:\\models\\model.gguf:stream.gguf', 'win32', false],
    ['C:\\models\\nul.gguf', 'win32', false],
    ['C:\\models\\COM1 .gguf', 'win32', false],
    ['C:\\con\\model.gguf', 'win32', false],
    ['C:\\models\\contents.gguf', 'win32', true],
  ] as const)('%j on %s: %s', (path, platform, local) => {
    expect(isLocalPath(path, platform)).toBe(local);
  });
});

describe('opened files', () => {
  it('are added when the person says so, by a button that no stray key presses', async () => {
    const { added, files } = library();
    const path = model();
    await files.add([path]);
    expect(asked).toMatchObject([{ detail: path, defaultId: 1 }]);
    expect(added).toEqual([path]);
    expect(told).toEqual([]);
  });

  it('are not looked at when the person says no', async () => {
    answer = NO;
    const { added, files } = library();
    await files.add([model()]);
    expect([added, told]).toEqual([[], []]);
  });

  it('that are none are named, and the others added', async () => {
    const { added, files } = library();
    const folder = join(temporaryFolder(), 'folder.gguf');
    mkdirSync(folder);
    const path = model();
    await files.add([folder, '/nowhere/x.gguf', path, 'other.gguf']);
    expect(added).toEqual([path]);
    expect(told.join()).toMatch(/folder\.gguf is no file/);
    expect(told.join()).toMatch(/x\.gguf is not there/);
    expect(told.join()).toMatch(/other\.gguf is not on this laptop/);
  });

  it('of another machine alone are refused without a question', async () => {
    const { files } = library();
    await files.add(['model.gguf']);
    expect(asked).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it('never end the app, whatever fails', async () => {
    const { files } = library(() => Promise.reject(new Error('the store is broken')));
    await files.add([model()]);
    expect(told).toEqual(['the store is broken']);
    answer = () => Promise.reject(new Error('there is no screen'));
    await files.add([model()]);
    expect(told[1]).toBe('there is no screen');
  });

  it('are asked about one after the other', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    answer = () => promise;
    const { added, files } = library();
    const [first, second] = [model(), model()];
    const both = Promise.all([files.add([first]), files.add([second])]);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    resolve(0);
    await both;
    expect(added).toEqual([first, second]);
    expect(asked).toHaveLength(2);
  });

  it('are shown by names that move nothing around them', () => {
    expect(shownPath('/a\u202efugg.exe\n\u0007')).toBe('/a�fugg.exe��');
    expect(shownPath(`/${'x'.repeat(1000)}/model.gguf`)).toMatch(/^….{300}$/);
  });
});
