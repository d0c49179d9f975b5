import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, settingsSchema } from '../../../src-main/contract/settings.ts';
import { Connection } from '../../../src-main/store/connection.ts';
import { temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

describe('settings', () => {
  it('are the defaults until something is chosen, and again after a reset', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    expect(store.settings.get()).toEqual(DEFAULT_SETTINGS);
    const chosen = { ...DEFAULT_SETTINGS, theme: 'dark', threads: 6, systemPrompt: 'Be "brief".' } as const;
    expect(store.settings.set({ theme: 'dark', threads: 6, systemPrompt: 'Be "brief".' })).toEqual(chosen);
    store.close();
    const { settings } = temporaryStore(folder);
    expect(settings.get()).toEqual(chosen);
    expect(settings.set({ threads: null, theme: undefined })).toEqual({ ...chosen, threads: null });
    expect(settings.reset()).toEqual(DEFAULT_SETTINGS);
    expect(settings.get()).toEqual(DEFAULT_SETTINGS);
  });

  it('of a Snug that knew nothing of layers on a graphics processor still read, with none there', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    store.settings.set({ theme: 'dark', threads: 6, gpuLayers: 12 });
    expect(store.settings.get().gpuLayers).toBe(12);
    store.close();
    {
      using raw = new Connection(join(folder, 'snug.db'));
      raw.exec(`DELETE FROM settings WHERE key = 'gpuLayers'`);
    }
    const { settings } = temporaryStore(folder);
    expect(settings.get()).toEqual({ ...DEFAULT_SETTINGS, theme: 'dark', threads: 6, gpuLayers: null });
  });

  it.each([-1, 1.5, 1001, '4'])('take no %j layers on a graphics processor', (gpuLayers) => {
    expect(settingsSchema.partial().safeParse({ gpuLayers }).success).toBe(false);
  });

  it.each([null, 0, 1000])('take %j layers on a graphics processor', (gpuLayers) => {
    expect(settingsSchema.partial().parse({ gpuLayers })).toEqual({ gpuLayers });
  });

  it('of a Snug that knew nothing of downloads still read, from Hugging Face and as fast as can be', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    store.settings.set({
      theme: 'dark',
      hubAddress: 'https://copy.example.org',
      downloadBytesPerSecond: 1e6,
    });
    store.close();
    {
      using raw = new Connection(join(folder, 'snug.db'));
      raw.exec(`DELETE FROM settings WHERE key IN ('hubAddress', 'downloadBytesPerSecond')`);
    }
    const { settings } = temporaryStore(folder);
    expect(settings.get()).toEqual({ ...DEFAULT_SETTINGS, theme: 'dark' });
  });

  it.each([
    { hubAddress: 'http://huggingface.co' },
    { hubAddress: null },
    { downloadBytesPerSecond: 0 },
    { downloadBytesPerSecond: 1e5 + 0.5 },
  ])('take no %j', (change) => {
    expect(settingsSchema.partial().safeParse(change).success).toBe(false);
  });

  it('that are no longer valid fall back to their own defaults, and only those', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    store.settings.set({ theme: 'dark', maxTokens: 99, temperature: 1 });
    store.close();
    {
      using raw = new Connection(join(folder, 'snug.db'));
      raw.exec(`
        UPDATE settings SET value = '"purple"' WHERE key = 'theme';
        UPDATE settings SET value = '-1' WHERE key = 'maxTokens';
        INSERT INTO settings VALUES ('of a later Snug', '{}');`);
    }
    const { settings } = temporaryStore(folder);
    expect(settings.get()).toEqual({ ...DEFAULT_SETTINGS, temperature: 1 });
  });
});
