import { afterEach, describe, expect, it, vi } from 'vitest';
import { TabSession, type Tab } from '../../../../src-renderer/bridge/session.ts';

const SESSION = { bearer: 'the-bearer', pictures: 'the-key' };

/** A server that gives the session once, and a tab with a storage. */
class Visit {
  used = false;
  forgotten = false;
  address: string;
  readonly kept = new Map<string, string>();

  constructor(address: string) {
    this.address = address;
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      expect(path).toBe('/session');
      const shown = new Headers(init.headers).get('authorization');
      if (init.method !== 'POST') {
        const known = shown === `Bearer ${SESSION.bearer}` && !this.forgotten;
        return Promise.resolve(new Response(null, { status: known ? 204 : 401 }));
      }
      const good = shown === 'Bearer token' && !this.used;
      this.used = true;
      return Promise.resolve(good ? Response.json(SESSION) : new Response('no', { status: 401 }));
    });
  }

  get tab(): Tab {
    const { search, pathname, hash } = new URL(this.address, 'http://127.0.0.1');
    return {
      location: { search, pathname, hash },
      history: { state: null, replaceState: (_, __, address) => (this.address = String(address)) },
      storage: {
        getItem: (name) => this.kept.get(name) ?? null,
        setItem: (name, value) => void this.kept.set(name, value),
        removeItem: (name) => void this.kept.delete(name),
      },
    };
  }
}

afterEach(() => vi.unstubAllGlobals());

describe("a tab's session", () => {
  it('comes for the token of the address, which is then gone from it', async () => {
    const visit = new Visit('/?token=token#/models');
    expect(await new TabSession(visit.tab).find()).toEqual(SESSION);
    expect(visit.address).toBe('/#/models');
  });

  it('is there again after a reload, and after the used address was opened in the same tab', async () => {
    const visit = new Visit('/?token=token');
    await new TabSession(visit.tab).find();
    expect(await new TabSession(visit.tab).find()).toEqual(SESSION);
    visit.address = '/?token=token';
    expect(await new TabSession(visit.tab).find()).toEqual(SESSION);
  });

  it.each(['/', '/?token=guess', '/?token='])('is not there for a new tab at %s', async (address) => {
    expect(await new TabSession(new Visit(address).tab).find()).toBeUndefined();
  });

  it('is forgotten when the server no longer knows it', async () => {
    const visit = new Visit('/?token=token');
    const session = new TabSession(visit.tab);
    await session.find();
    visit.forgotten = true;
    expect(await session.find()).toBeUndefined();
    expect(visit.kept.size).toBe(0);
  });

  it.each(['nonsense', '{}', 'null', '[]', '7', '{"bearer":"x"}'])(
    'is not taken from what another program kept under the address: %s',
    async (text) => {
      const visit = new Visit('/');
      visit.kept.set('snug-session', text);
      expect(await new TabSession(visit.tab).find()).toBeUndefined();
    },
  );

  it('is kept when no server answers', async () => {
    const visit = new Visit('/?token=token');
    await new TabSession(visit.tab).find();
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    await expect(new TabSession(visit.tab).find()).rejects.toThrow('failed');
    expect(visit.kept.size).toBe(1);
  });
});
