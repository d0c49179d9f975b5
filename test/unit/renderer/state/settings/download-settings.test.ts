import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { KeptToken } from '../../../../../src-main/contract/tokens.ts';
import { DownloadSettings } from '../../../../../src-renderer/state/settings/download-settings.svelte.ts';
import { FakeBridge, MiB } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

describe('the settings of downloads', () => {
  it.each([
    ['2', 2 * MiB],
    ['0,5', MiB / 2],
    ['', null],
  ])('a speed limit of %j is %j bytes a second', async (typed, bytes) => {
    const bridge = new FakeBridge();
    const page = new DownloadSettings(openApp(bridge));
    await page.setSpeed(typed);
    expect(bridge.asked('settings.set')).toEqual([{ downloadBytesPerSecond: bytes }]);
    expect(page.speedError).toBeUndefined();
  });

  it.each(['0', '-1', 'fast', '0.01', '1e9'])('%j is no speed limit', async (typed) => {
    const bridge = new FakeBridge();
    const page = new DownloadSettings(openApp(bridge));
    await page.setSpeed(typed);
    expect(bridge.asked('settings.set')).toEqual([]);
    expect(page.speedError).toMatch(/^Give a number/);
  });

  it('a hub’s address is taken when it is one, and Hugging Face’s when it is left out', async () => {
    const bridge = new FakeBridge();
    const page = new DownloadSettings(openApp(bridge));
    await page.setHub('http://hub.example.org');
    expect(page.hubError).toContain('https://');
    expect(bridge.asked('settings.set')).toEqual([]);
    await page.setHub(' https://hub.example.org ');
    await page.setHub('');
    expect(page.hubError).toBeUndefined();
    expect(bridge.asked('settings.set')).toEqual([
      { hubAddress: 'https://hub.example.org' },
      { hubAddress: 'https://huggingface.co' },
    ]);
  });

  it('a token leaves the page once it is kept, and stays to be mended when it is not', async () => {
    let isRefused = true;
    const kept: KeptToken = { hub: 'https://huggingface.co', place: 'keychain' };
    const view = (tokens: readonly KeptToken[]) => ({ tokens, place: 'keychain' as const, note: null });
    const bridge = new FakeBridge({
      tokens: {
        set: () =>
          isRefused ? Promise.reject(new SnugError('BAD_ARGUMENT', 'no')) : Promise.resolve(view([kept])),
        forget: () => Promise.resolve(view([])),
      },
    });
    const page = new DownloadSettings(openApp(bridge));
    page.typed = ' hf_secret ';
    await page.keepToken();
    expect(page.tokenError?.message).toBe('no');
    expect(page.typed).toBe(' hf_secret ');
    isRefused = false;
    await page.keepToken();
    expect(bridge.asked('tokens.set').at(-1)).toEqual({ token: 'hf_secret' });
    expect(page).toMatchObject({ typed: '', tokenError: null, tokens: view([kept]) });
    await page.forget(kept);
    expect(bridge.asked('tokens.forget')).toEqual([{ hub: kept.hub }]);
    expect(page.tokens?.tokens).toEqual([]);
  });
});
