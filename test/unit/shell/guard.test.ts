import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';

const outside: string[] = [];
vi.mock('electron', () => ({
  shell: {
    openExternal: (url: string) => {
      outside.push(url);
      return Promise.reject(new Error('there is no browser'));
    },
  },
}));
const { guardEveryPage } = await import('../../../src-main/shell/guard.ts');

/** A page as Electron makes one, by whatever way. */
class FakeContents extends EventEmitter {
  policy = '';
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  setWindowOpenHandler = (handler: typeof this.openHandler) => void (this.openHandler = handler);
  setWebRTCIPHandlingPolicy = (policy: string) => void (this.policy = policy);
}

function made(): FakeContents {
  const app = new EventEmitter();
  guardEveryPage(app as never, () => undefined);
  const contents = new FakeContents();
  app.emit('web-contents-created', {}, contents);
  return contents;
}

describe('every page that is made', () => {
  it.each(['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])(
    'is kept from %s',
    (event) => {
      const preventDefault = vi.fn();
      made().emit(event, { preventDefault });
      expect(preventDefault).toHaveBeenCalledOnce();
    },
  );

  it('opens no window, and outside only what is on the list', async () => {
    const contents = made();
    expect(contents.openHandler({ url: 'https://example.org/' })).toEqual({ action: 'deny' });
    expect(contents.openHandler({ url: 'https://github.com/snug' })).toEqual({ action: 'deny' });
    expect(outside).toEqual(['https://github.com/snug']);
    // a browser that cannot be opened rejects; nobody hearing it would end the app
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('reaches no network past the session', () => {
    expect(made().policy).toBe('disable_non_proxied_udp');
  });
});
