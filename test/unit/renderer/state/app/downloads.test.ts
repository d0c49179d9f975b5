import { describe, expect, it } from 'vitest';
import { downloadWords } from '../../../../../src-renderer/text/download-words.ts';
import { DownloadActions } from '../../../../../src-renderer/state/models/download-actions.svelte.ts';
import { FakeBridge, MiB, model } from '../../fake-bridge.ts';
import { download } from '../../made-up-download.ts';
import { openApp } from '../../open-app.ts';

describe('downloads in the window', () => {
  it('are those of the main process, and how far all of them are is one share', async () => {
    const bridge = new FakeBridge({
      downloads: {
        list: () => Promise.resolve([download(), download({ id: 'e', state: 'queued', bytes: null })]),
      },
    });
    const app = openApp(bridge);
    await app.load();
    expect(app.downloads.active).toHaveLength(2);
    // of one nothing is known yet
    expect(app.downloads.share).toBeNull();
    const rest = download({ id: 'e', state: 'queued', bytes: 100 * MiB, doneBytes: 25 * MiB });
    bridge.emit({
      name: 'downloads.changed',
      data: [download(), rest, download({ id: 'f', state: 'paused' })],
    });
    expect(app.downloads.share).toBe(0.25);
    bridge.emit({ name: 'downloads.changed', data: [download({ state: 'done' })] });
    expect(app.downloads.active).toEqual([]);
    expect(app.downloads.share).toBeNull();
  });

  it('that end are told of on other pages, once, with a way on', async () => {
    const bridge = new FakeBridge({ downloads: { list: () => Promise.resolve([download()]) } });
    const app = openApp(bridge);
    await app.load();
    app.navigate('chat');
    const done = download({ state: 'done', modelId: 'demo' });
    bridge.emit({ name: 'downloads.changed', data: [done] });
    bridge.emit({ name: 'downloads.changed', data: [done] });
    expect(app.toasts.list.map(({ text }) => text)).toEqual(['Demo-VL was downloaded']);
    await app.toasts.list[0]?.action?.run();
    expect(app.route).toEqual({ page: 'fit', id: 'demo' });
  });

  it('that fail lead to the page that says why', async () => {
    const bridge = new FakeBridge({ downloads: { list: () => Promise.resolve([download()]) } });
    const app = openApp(bridge);
    await app.load();
    app.navigate('chat');
    bridge.emit({ name: 'downloads.changed', data: [download({ state: 'failed' })] });
    await app.toasts.list[0]?.action?.run();
    expect(app.route.page).toBe('models');
    bridge.emit({ name: 'downloads.changed', data: [download({ id: 'e' })] });
    bridge.emit({ name: 'downloads.changed', data: [download({ id: 'e', state: 'failed' })] });
    // who looks at the page sees it there
    expect(app.toasts.list).toHaveLength(1);
  });

  it('are given up only once a person has said so', async () => {
    const bridge = new FakeBridge({ downloads: { cancel: () => Promise.resolve() } });
    const app = openApp(bridge);
    await app.load();
    const actions = new DownloadActions(app);
    await actions.cancel();
    expect(bridge.asked('downloads.cancel')).toEqual([]);
    actions.cancelling = download();
    await actions.cancel();
    expect(bridge.asked('downloads.cancel')).toEqual([{ id: 'd' }]);
    expect(actions.cancelling).toBeNull();
  });

  it('whose way on is a token or another folder lead to the settings', () => {
    const app = openApp(new FakeBridge({ library: { list: () => Promise.resolve([model()]) } }));
    const actions = new DownloadActions(app);
    actions.remedy({ kind: 'give-token' })?.();
    expect(app.route).toEqual({ page: 'settings', id: 'downloads' });
    actions.remedy({ kind: 'choose-models-folder' })?.();
    expect(app.route).toEqual({ page: 'settings', id: 'folders' });
    expect(actions.remedy({ kind: 'choose-port' })).toBeUndefined();
  });
});

describe('what is said of a download', () => {
  it.each([
    {
      state: 'downloading',
      bytesPerSecond: 10 * MiB,
      secondsLeft: 15,
      words: '50.0\u00a0MiB of 200\u00a0MiB, 10.0\u00a0MiB a second, 15\u00a0s left',
    },
    { state: 'downloading', bytes: null, doneBytes: 0, words: 'Asking the hub' },
    { state: 'paused', words: 'Paused at 50.0\u00a0MiB of 200\u00a0MiB' },
    { state: 'queued', doneBytes: 0, words: 'Waiting for the one before it' },
    { state: 'waiting', words: 'Waiting to go on at 50.0\u00a0MiB of 200\u00a0MiB' },
    { state: 'failed', words: 'Stopped at 50.0\u00a0MiB of 200\u00a0MiB' },
    { state: 'done', words: '200\u00a0MiB, checked and ready' },
  ] as const)('$state: $words', ({ words, ...change }) => {
    expect(downloadWords(download(change))).toBe(words);
  });
});
