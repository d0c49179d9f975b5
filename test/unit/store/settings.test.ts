import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src-main/contract/settings.ts';
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
