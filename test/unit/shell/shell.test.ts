import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isLocal, mayUse } from '../../../src-main/shell/permissions.ts';
import { answer } from '../../../src-main/shell/protocol.ts';
import { menuTemplate } from '../../../src-main/shell/menu.ts';
import { keepWindowState, readWindowState } from '../../../src-main/shell/window-state.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { runningJob } from '../../helpers/store-parts.ts';
import { PNG } from '../../helpers/small-server.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

// Electron's binary is not needed for what these files decide; a stand-in takes the module's place.
const awake = vi.hoisted(() => new Set<number>());
vi.mock('electron', () => ({
  BrowserWindow: class {},
  shell: { openPath: () => Promise.resolve('no program opens it') },
  dialog: {},
  powerSaveBlocker: { start: () => (awake.add(1), 1), stop: (id: number) => awake.delete(id) },
}));
const { windowOptions } = await import('../../../src-main/shell/window.ts');
const { mayOpenOutside } = await import('../../../src-main/shell/guard.ts');
const { isOurs, serveIpc } = await import('../../../src-main/shell/ipc.ts');
const { watchWork } = await import('../../../src-main/shell/work-watch.ts');

describe('the window', () => {
  it('gives its page neither Node nor the main process', () => {
    expect(windowOptions('/preload.cjs', { width: 800, height: 600 }).webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
    });
  });

  it.each([
    ['https://huggingface.co/Qwen', true],
    ['http://huggingface.co/Qwen', false],
    ['https://huggingface.co.example.org/', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['not a link', false],
  ])('opens %s outside: %s', (url, expected) => {
    expect(mayOpenOutside(url)).toBe(expected);
  });

  it('opens the hub of the settings outside, and no other host because of it', () => {
    const mirror = 'http://192.168.1.2:8080/hub';
    expect(mayOpenOutside('http://192.168.1.2:8080/owner/name', mirror)).toBe(true);
    expect(mayOpenOutside('https://huggingface.co/Qwen', mirror)).toBe(true);
    expect(mayOpenOutside('http://192.168.1.2/owner/name', mirror)).toBe(false);
    expect(mayOpenOutside('http://huggingface.co/Qwen', mirror)).toBe(false);
  });

  it('comes back where it was, and to its first size after nonsense', () => {
    const home = temporaryFolder();
    expect(readWindowState(home).width).toBeGreaterThan(400);
    let close: () => void = () => undefined;
    const bounds = { x: 5, y: 6, width: 900, height: 700 };
    const window = {
      on: (_: string, listener: () => void) => (close = listener),
      getNormalBounds: () => bounds,
    };
    keepWindowState(window as unknown as Parameters<typeof keepWindowState>[0], home);
    close();
    expect(readWindowState(home)).toEqual(bounds);
    writeFileSync(join(home, 'window.json'), '{"width":-3}');
    expect(readWindowState(home).width).toBeGreaterThan(400);
  });

  it('has a menu of its own name on macOS alone', () => {
    expect(menuTemplate(true, 'Snug')[0]).toMatchObject({ role: 'appMenu' });
    expect(menuTemplate(false, 'Snug')[0]).toMatchObject({ role: 'fileMenu' });
  });
});

describe('who may ask', () => {
  const frame = (url: string, parent: unknown = null) =>
    ({ senderFrame: { url, parent } }) as unknown as Parameters<typeof isOurs>[0];

  it.each([
    ['our page', frame('snug://app/index.html'), true],
    ['a frame inside it', frame('snug://app/index.html', {}), false],
    ['another page', frame('https://example.org/'), false],
    ['a host that begins like ours', frame('snug://application/'), false],
  ])('%s', (_, event, expected) => {
    expect(isOurs(event)).toBe(expected);
  });

  it('the camera may be used, sound and all else not', () => {
    expect(mayUse('media', { mediaTypes: ['video'] })).toBe(true);
    expect(mayUse('media', { mediaTypes: ['video', 'audio'] })).toBe(false);
    expect(mayUse('media', {})).toBe(false);
    expect(mayUse('geolocation', {})).toBe(false);
  });

  it('no request leaves the machine', () => {
    expect(isLocal('snug://app/index.html')).toBe(true);
    expect(isLocal('https://example.org/')).toBe(false);
    expect(isLocal('http://127.0.0.1/snug://')).toBe(false);
  });
});

describe('what the shell listens to', () => {
  it('is no longer heard once it is disposed: no channel, no event', () => {
    const channels = new Set<string>();
    const ipc = {
      handle: (channel: string) => channels.add(channel),
      removeHandler: (channel: string) => channels.delete(channel),
    };
    const sent: unknown[] = [];
    const window = { webContents: { send: (_: string, event: unknown) => sent.push(event) } };
    const events = new EventBus();
    const loaded = { path: '/m.gguf', memoryBytes: 1 };
    {
      using _serving = serveIpc(
        ipc as unknown as Parameters<typeof serveIpc>[0],
        { events, api: {} } as unknown as Parameters<typeof serveIpc>[1],
        () => window as unknown as ReturnType<Parameters<typeof serveIpc>[2]>,
      );
      expect(channels).toContain('call');
      events.emit('chat.loaded', loaded);
    }
    events.emit('chat.loaded', null);
    expect(channels).toEqual(new Set());
    expect(sent).toEqual([{ name: 'chat.loaded', data: loaded }]);
  });

  it('answers a page with what went wrong as data, code and all', async () => {
    const handlers = new Map<string, (event: unknown, argument: unknown) => Promise<unknown>>();
    const ipc = {
      handle: (channel: string, handler: (event: unknown, argument: unknown) => Promise<unknown>) =>
        handlers.set(channel, handler),
      removeHandler: () => undefined,
    };
    const api = {
      app: { info: () => Promise.resolve({ modelsFolder: '/m', dataFolder: '/d', logsFolder: '/l' }) },
      library: { list: () => Promise.resolve([]) },
    };
    using _serving = serveIpc(
      ipc as unknown as Parameters<typeof serveIpc>[0],
      { events: new EventBus(), api } as unknown as Parameters<typeof serveIpc>[1],
      () => undefined,
    );
    const page = { senderFrame: { url: 'snug://app/index.html', parent: null } };
    const answerOf = (channel: string, argument?: unknown) => handlers.get(channel)?.(page, argument);
    expect(await answerOf('show-in-folder', '/etc/passwd')).toMatchObject({
      error: { code: 'BAD_ARGUMENT' },
    });
    expect(await answerOf('show-in-folder', 7)).toMatchObject({ error: { code: 'BAD_ARGUMENT' } });
    expect(await answerOf('open-logs')).toMatchObject({
      error: { code: 'FILE', message: 'no program opens it' },
    });
  });

  it('lets the laptop sleep again when a fit is watched no more', () => {
    const events = new EventBus();
    {
      using _watching = watchWork(
        events,
        () => undefined,
        () => undefined,
      );
      events.emit('fits.changed', runningJob('fit'));
      expect(awake.size).toBe(1);
    }
    events.emit('fits.changed', runningJob('fit'));
    expect(awake.size).toBe(0);
  });
});

describe('the protocol', () => {
  const hash = 'a'.repeat(64);
  const noPicture = 'c'.repeat(64);
  function site() {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<title>Snug</title>');
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    writeFileSync(join(folder, hash), PNG);
    writeFileSync(join(folder, noPicture), '<script>alert(1)</script>');
    const picturePath = (wanted: string) => {
      if (wanted !== hash && wanted !== noPicture) throw new Error('no such picture');
      return join(folder, wanted);
    };
    return (url: string) => answer(url, folder, { picturePath });
  }

  it('serves the page under a strict policy', async () => {
    const response = site()('snug://app/index.html');
    expect(await response.text()).toContain('Snug');
    const policy = response.headers.get('Content-Security-Policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("require-trusted-types-for 'script'");
  });

  it('serves a picture by its hash alone, as a picture and nothing else', async () => {
    const response = site()(`snug://pictures/${hash}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(PNG);
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'image/png',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([
    'snug://app/secret.txt',
    'snug://app/%2e%2e/secret.html',
    'snug://pictures/../index.html',
    `snug://pictures/${'b'.repeat(64)}`,
    `snug://pictures/${noPicture}`,
    `snug://app/${hash}`,
    'snug://elsewhere/index.html',
  ])('does not serve %s', (url) => {
    expect(site()(url).status).toBe(404);
  });
});
