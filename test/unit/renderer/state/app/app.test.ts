import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { shortcutOf } from '../../../../../src-renderer/state/app/shortcuts.ts';
import { pressShortcut, shellCommands } from '../../../../../src-renderer/state/app/shell.svelte.ts';
import { FakeAddressBar, FakeBridge, job, model } from '../../fake-bridge.ts';

async function open(bridge = new FakeBridge(), address = new FakeAddressBar()) {
  const app = new AppState(bridge, address);
  await app.load();
  return { app, bridge, address };
}
const key = (change: object) => ({
  key: '',
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...change,
});

describe('the address', () => {
  it('opens the fit page at first, and on anything unknown', () => {
    expect(new AppState(new FakeBridge(), new FakeAddressBar('')).route.page).toBe('fit');
    expect(new AppState(new FakeBridge(), new FakeAddressBar('#/nonsense/1')).route).toEqual({
      page: 'fit',
      id: null,
    });
  });

  it('keeps odd ids whole on the way through the address', async () => {
    const { app, address } = await open();
    app.navigate('chat', 'a/b #1');
    expect(app.route).toEqual({ page: 'chat', id: 'a/b #1' });
    expect(new AppState(new FakeBridge(), new FakeAddressBar(address.hash)).route.id).toBe('a/b #1');
  });

  it('takes a broken escape for no id', () => {
    expect(new AppState(new FakeBridge(), new FakeAddressBar('#/chat/%E0%A4%A')).route.id).toBeNull();
  });
});

describe('the app', () => {
  it('says why it could not start, and starts when asked again', async () => {
    let broken = true;
    const bridge = new FakeBridge({
      library: {
        list: () =>
          broken ? Promise.reject(new SnugError('FILE', 'the library is locked')) : Promise.resolve([]),
      },
    });
    const { app } = await open(bridge);
    expect(app.ready).toBe(false);
    expect(app.failure?.message).toBe('the library is locked');
    broken = false;
    await app.load();
    expect([app.ready, app.failure]).toEqual([true, null]);
  });

  it('is there before the laptop was looked at, and says why that went wrong', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const bridge = new FakeBridge({
      laptop: { read: () => new Promise((_, reject) => (refuse = reject)) },
    });
    const { app } = await open(bridge);
    expect([app.ready, app.laptop, app.laptopFailure]).toEqual([true, null, null]);
    refuse(new SnugError('UNSUPPORTED_CPU', 'this processor is too old'));
    await app.laptopKnown;
    expect(app.laptopFailure?.message).toBe('this processor is too old');
  });

  it('knows a model that came while it was still starting', async () => {
    const { app: facts } = new FakeBridge().api;
    const bridge: FakeBridge = new FakeBridge({
      app: {
        // one reply takes longer than that of the library
        info: async () => {
          await new Promise((resolve) => setTimeout(resolve));
          bridge.emit({ name: 'library.changed', data: [model(), model({ id: 'new' })] });
          return facts.info({});
        },
      },
    });
    const { app } = await open(bridge);
    expect(app.modelById('new')).not.toBeNull();
  });

  it('reads everything anew when the connection comes back', async () => {
    const { app, bridge } = await open();
    bridge.become('lost');
    expect(app.connection).toBe('lost');
    const before = bridge.asked('library.list').length;
    bridge.become('open');
    expect(bridge.asked('library.list')).toHaveLength(before + 1);
  });

  it('puts a setting back and says why when it was not kept', async () => {
    const bridge = new FakeBridge({
      settings: { set: () => Promise.reject(new SnugError('DISK_FULL', 'the disk is full')) },
    });
    const { app } = await open(bridge);
    await app.changeSettings({ theme: 'dark' });
    expect(app.settings.theme).toBe('system');
    expect(app.toasts.list[0]).toMatchObject({ text: 'the disk is full', tone: 'bad', milliseconds: null });
  });

  it('opens the empty conversation there is instead of another', async () => {
    const bridge = new FakeBridge({
      conversations: {
        list: () => Promise.resolve([{ id: 'empty', title: '', modelId: null, updatedAt: '', messages: 0 }]),
        setModel: () => Promise.resolve({} as never),
      },
    });
    const { app } = await open(bridge);
    await app.newChat('fitted');
    expect(app.route).toEqual({ page: 'chat', id: 'empty' });
    expect(bridge.asked('conversations.setModel')).toEqual([{ id: 'empty', modelId: 'fitted' }]);
  });

  it('leaves an empty conversation alone that has a name', async () => {
    const bridge = new FakeBridge({
      conversations: {
        list: () =>
          Promise.resolve([{ id: 'named', title: 'Taxes', modelId: null, updatedAt: '', messages: 0 }]),
        create: () => Promise.resolve({ id: 'new' } as never),
      },
    });
    const { app } = await open(bridge);
    await app.newChat();
    expect(app.route.id).toBe('new');
  });

  it('tells of a fit that ended on another page, once', async () => {
    const { app, bridge } = await open();
    app.navigate('chat');
    bridge.emit({ name: 'fits.changed', data: job() });
    bridge.emit({ name: 'fits.changed', data: job({ state: 'done', outputId: 'fitted' }) });
    bridge.emit({ name: 'fits.changed', data: job({ state: 'done', outputId: 'fitted' }) });
    expect(app.toasts.list.map(({ text }) => text)).toEqual(['Demo-VL is ready']);
    app.close();
  });

  it('offers models that can answer', async () => {
    const bridge = new FakeBridge({
      library: { list: () => Promise.resolve([model(), model({ id: 'gone', problem: 'its file is gone' })]) },
    });
    const { app } = await open(bridge);
    expect(app.usableModels.map(({ id }) => id)).toEqual(['demo']);
  });
});

describe('commands', () => {
  it('are found by any of their words, titles first', async () => {
    const { app } = await open();
    app.commands.register(shellCommands(app, 'Linux'));
    expect(app.commands.matching('theme dark')[0]?.id).toBe('theme.dark');
    expect(app.commands.matching('new')[0]?.id).toBe('chat.new');
    expect(app.commands.matching('nothing like it')).toEqual([]);
  });

  it('of a page come first and go with it', async () => {
    const { app } = await open();
    app.commands.register(shellCommands(app, 'Linux'));
    const leave = app.commands.register([{ id: 'page', title: 'Of the page', run: () => undefined }]);
    expect(app.commands.all[0]?.id).toBe('page');
    leave();
    expect(app.commands.all.some(({ id }) => id === 'page')).toBe(false);
  });
});

describe('shortcuts', () => {
  it('are the same with Ctrl and ⌘, and nothing without', () => {
    expect(shortcutOf(key({ key: 'k', ctrlKey: true }))).toBe('palette');
    expect(shortcutOf(key({ key: ',', metaKey: true }))).toBe('settings');
    expect(shortcutOf(key({ key: 'n', ctrlKey: true }))).toBe('new-chat');
    expect(shortcutOf(key({ key: '≈', code: 'KeyN', metaKey: true, altKey: true }))).toBe('new-chat');
    expect(shortcutOf(key({ key: 'n' }))).toBeNull();
    expect(shortcutOf(key({ key: 'k', ctrlKey: true, shiftKey: true }))).toBeNull();
    // on most keyboards it is typed with Shift
    expect(shortcutOf(key({ key: '?', shiftKey: true }))).toBe('shortcuts');
    expect(shortcutOf(key({ key: '?', ctrlKey: true }))).toBeNull();
  });

  it('shows the list of shortcuts for ?, and not where that is typed', async () => {
    const { app } = await open();
    const press = (field: boolean): boolean => {
      const target = { closest: () => (field ? {} : null) };
      return pressShortcut(app, key({ key: '?', target }) as unknown as KeyboardEvent);
    };
    expect([press(true), app.commands.shortcutsOpen]).toEqual([false, false]);
    expect([press(false), app.commands.shortcutsOpen]).toEqual([true, true]);
  });
});
