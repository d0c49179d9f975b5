import { describe, expect, it } from 'vitest';
import { APP_STORES } from '../../../../src-main/models/import/app-stores.ts';
import { HOMES, madeUpMachine, type MadeUpMachine } from '../../../helpers/made-up-machine.ts';

/** Where each app's models lie when nothing was set, on each system. */
function foldersOf(app: keyof typeof APP_STORES, machine: MadeUpMachine): string[] {
  return APP_STORES[app].folders(madeUpMachine(machine));
}

const { win32, darwin, linux } = HOMES;

describe('LM Studio', () => {
  it('keeps models in its own folder, or in the one it had before', () => {
    expect(foldersOf('lmStudio', { platform: 'linux' })).toEqual([
      `${linux}/.lmstudio/models`,
      `${linux}/.cache/lm-studio/models`,
    ]);
    expect(foldersOf('lmStudio', { platform: 'win32' })).toEqual([
      `${win32}\\.lmstudio\\models`,
      `${win32}\\.cache\\lm-studio\\models`,
    ]);
  });

  it('has a setting for them, and a home that may be elsewhere', () => {
    const folders = foldersOf('lmStudio', {
      platform: 'win32',
      files: {
        [`${win32}\\.lmstudio-home-pointer`]: 'D:\\LM\r\n',
        'D:\\LM\\settings.json': JSON.stringify({ downloadsFolder: 'E:\\Models\\', theme: 'dark' }),
      },
    });
    expect(folders.slice(0, 2)).toEqual(['E:\\Models', 'D:\\LM\\models']);
    const variables = { LMSTUDIO_HOME: '/opt/lm' };
    expect(foldersOf('lmStudio', { platform: 'darwin', variables })[0]).toBe('/opt/lm/models');
    const older = `${darwin}/Library/Application Support/LM Studio/settings.json`;
    const files = { [older]: '{"downloadsFolder":"/Volumes/Big/models"}' };
    expect(foldersOf('lmStudio', { platform: 'darwin', files })[0]).toBe('/Volumes/Big/models');
  });

  it('is found by its usual folder where its settings make no sense', () => {
    const settings = `${linux}/.lmstudio/settings.json`;
    for (const content of ['{"cut off', '[]', '{"downloadsFolder":7}', '{"downloadsFolder":"models"}'])
      expect(foldersOf('lmStudio', { platform: 'linux', files: { [settings]: content } })).toHaveLength(2);
  });
});

describe('Ollama', () => {
  it('keeps models in the home of whoever runs it', () => {
    expect(foldersOf('ollama', { platform: 'darwin' })).toEqual([`${darwin}/.ollama/models`]);
    expect(foldersOf('ollama', { platform: 'win32' })).toEqual([`${win32}\\.ollama\\models`]);
    expect(foldersOf('ollama', { platform: 'linux' })).toEqual([
      `${linux}/.ollama/models`,
      '/usr/share/ollama/.ollama/models',
    ]);
  });

  it('has a variable for them', () => {
    const variables = { OLLAMA_MODELS: 'D:\\ollama' };
    expect(foldersOf('ollama', { platform: 'win32', variables })).toEqual(['D:\\ollama']);
    expect(foldersOf('ollama', { platform: 'darwin', variables: { OLLAMA_MODELS: '' } })).toHaveLength(1);
  });
});

describe('Jan', () => {
  it('keeps models in its data folder', () => {
    expect(foldersOf('jan', { platform: 'linux' })).toEqual([
      `${linux}/.local/share/Jan/data`,
      `${linux}/jan`,
    ]);
    expect(foldersOf('jan', { platform: 'darwin' })[0]).toBe(
      `${darwin}/Library/Application Support/Jan/data`,
    );
    const variables = { APPDATA: `${win32}\\Roaming` };
    expect(foldersOf('jan', { platform: 'win32', variables })[0]).toBe(`${win32}\\Roaming\\Jan\\data`);
  });

  it('has a setting and a variable for it', () => {
    const settings = { data_folder: 'D:\\jan.ai' };
    const files = { [`${win32}\\AppData\\Roaming\\Jan\\settings.json`]: JSON.stringify(settings) };
    expect(foldersOf('jan', { platform: 'win32', files })[0]).toBe('D:\\jan.ai');
    const variables = { JAN_DATA_FOLDER: '/srv/jan', XDG_CONFIG_HOME: '/cfg' };
    const earlier = { '/cfg/Jan/settings.json': '{"data_folder":"/srv/older"}' };
    const found = foldersOf('jan', { platform: 'linux', variables, files: earlier });
    expect(found.slice(0, 2)).toEqual(['/srv/jan', '/srv/older']);
  });
});

describe('llama.cpp', () => {
  it('keeps downloads in the cache of each system, or where its variable says', () => {
    expect(foldersOf('llamaCpp', { platform: 'linux' })).toEqual([`${linux}/.cache/llama.cpp`]);
    expect(foldersOf('llamaCpp', { platform: 'darwin' })).toEqual([`${darwin}/Library/Caches/llama.cpp`]);
    expect(foldersOf('llamaCpp', { platform: 'win32' })).toEqual([`${win32}\\AppData\\Local\\llama.cpp`]);
    const xdg = { XDG_CACHE_HOME: '/cache' };
    expect(foldersOf('llamaCpp', { platform: 'linux', variables: xdg })).toEqual(['/cache/llama.cpp']);
    const own = { ...xdg, LLAMA_CACHE: '/llama/' };
    expect(foldersOf('llamaCpp', { platform: 'linux', variables: own })).toEqual(['/llama']);
  });
});

describe('the Hugging Face cache', () => {
  it('lies in the same place on every system, unless one of its variables says another', () => {
    expect(foldersOf('huggingFace', { platform: 'linux' })).toEqual([`${linux}/.cache/huggingface/hub`]);
    expect(foldersOf('huggingFace', { platform: 'win32' })).toEqual([`${win32}\\.cache\\huggingface\\hub`]);
    const hub = (variables: Record<string, string>) =>
      foldersOf('huggingFace', { platform: 'linux', variables });
    expect(hub({ XDG_CACHE_HOME: '/c' })).toEqual(['/c/huggingface/hub']);
    expect(hub({ XDG_CACHE_HOME: '/c', HF_HOME: '/hf' })).toEqual(['/hf/hub']);
    expect(hub({ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' })).toEqual(['/old']);
    expect(hub({ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/hub' })).toEqual(['/hub']);
    expect(hub({ HF_HUB_CACHE: '/hub', LLAMA_CACHE: '/llama' })).toEqual(['/hub', '/llama']);
  });
});

it('a variable that says no whole path is no folder', () => {
  const variables = {
    LLAMA_CACHE: 'llama',
    OLLAMA_MODELS: 'models',
    HF_HUB_CACHE: '.',
    JAN_DATA_FOLDER: 'jan',
  };
  expect(foldersOf('llamaCpp', { platform: 'linux', variables })).toEqual([]);
  expect(foldersOf('ollama', { platform: 'darwin', variables })).toEqual([]);
  expect(foldersOf('huggingFace', { platform: 'linux', variables })).toEqual([]);
  expect(foldersOf('jan', { platform: 'darwin', variables })).toHaveLength(2);
});
