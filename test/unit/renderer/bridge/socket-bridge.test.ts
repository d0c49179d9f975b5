import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_MESSAGE_BYTES } from '../../../../src-main/contract/wire.ts';
import { connectSocket } from '../../../../src-renderer/bridge/socket-bridge.ts';

/** The browser's WebSocket as far as the bridge uses it. */
class FakeSocket {
  static readonly OPEN = 1;
  static readonly all: FakeSocket[] = [];
  readonly sent: string[] = [];
  readyState = 0;
  onopen: () => void = () => undefined;
  onmessage: (event: { data: string }) => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;
  readonly url: string;
  readonly protocols: readonly string[];

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  close(code: number): void {
    this.readyState = 3;
    this.onclose({ code });
  }
}

let status = 204;
const listeners = new Map<string, () => void>();

function connect() {
  const storage = { getItem: () => '{"bearer":"b","pictures":"p"}', setItem: vi.fn(), removeItem: vi.fn() };
  return connectSocket({
    location: { host: '127.0.0.1:1', search: '', pathname: '/', hash: '' },
    history: {},
    sessionStorage: storage,
    addEventListener: (name: string, listener: () => void) => listeners.set(name, listener),
  } as unknown as Window);
}
const socket = async (place: number) => {
  await vi.waitFor(() => expect(FakeSocket.all.length).toBe(place + 1));
  return FakeSocket.all[place] as FakeSocket;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  FakeSocket.all.length = 0;
  status = 204;
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status })));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the bridge over a WebSocket', () => {
  it('shows the session as a protocol, and its key in the addresses of pictures', async () => {
    const bridge = connect();
    const first = await socket(0);
    expect(first.protocols).toEqual(['snug', 'b']);
    expect(bridge.pictureUrl('abc')).toBe('/pictures/abc?key=p');
  });

  it('says that something was too large, before it is sent and when the server says so', async () => {
    const bridge = connect();
    const first = await socket(0);
    first.open();
    const large = bridge.api.conversations.search({ query: '\u6f22'.repeat(MOST_MESSAGE_BYTES / 3) });
    await expect(large).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining('8 MiB') as string,
    });
    expect(first.sent).toEqual([]);
    const refused = bridge.api.settings.get({});
    first.close(1009);
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('8 MiB') as string });
  });

  it('does not run later what it has told to have failed', async () => {
    const bridge = connect();
    const first = await socket(0);
    const call = bridge.api.settings.get({});
    first.close(1006);
    await expect(call).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: 'the connection to Snug was lost',
      advice: expect.stringContaining('start it again') as string,
    });
    await vi.advanceTimersByTimeAsync(1000);
    const second = await socket(1);
    second.open();
    expect(second.sent).toEqual([]);
    expect(bridge.connection.state).toBe('open');
  });

  it('tries less and less often while nobody answers, and at once when somebody wants something', async () => {
    const asked = vi.fn(() => Promise.reject(new TypeError('failed')));
    vi.stubGlobal('fetch', asked);
    const bridge = connect();
    await vi.waitFor(() => expect(bridge.connection.state).toBe('lost'));
    const waits: number[] = [];
    for (let waited = 0; waits.length < 7; waited += 500) {
      const before = asked.mock.calls.length;
      await vi.advanceTimersByTimeAsync(500);
      if (asked.mock.calls.length === before) continue;
      waits.push(waited + 500);
      waited = -500;
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);

    for (const want of [
      () => listeners.get('focus')?.(),
      () => bridge.reconnect?.(),
      () => expect(bridge.api.settings.get({})).rejects.toThrow('connection to Snug was lost'),
    ]) {
      const before = asked.mock.calls.length;
      await want();
      expect(asked.mock.calls).toHaveLength(before + 1);
      await vi.advanceTimersByTimeAsync(0);
    }
  });

  it('says what to do when the server does not know the tab, and does not ask on and on', async () => {
    status = 401;
    const bridge = connect();
    await vi.waitFor(() => expect(bridge.connection.state).toBe('refused'));
    await expect(bridge.api.settings.get({})).rejects.toMatchObject({
      code: 'CONNECTION_REFUSED',
      advice: expect.stringContaining('Open that address') as string,
    });
    await vi.advanceTimersByTimeAsync(5000);
    expect(FakeSocket.all).toEqual([]);
  });

  it('says that Snug was restarted when the server that answers again knows it no more', async () => {
    const bridge = connect();
    (await socket(0)).open();
    (await socket(0)).close(1001);
    expect(bridge.connection.state).toBe('lost');
    status = 401;
    await vi.advanceTimersByTimeAsync(500);
    await vi.waitFor(() => expect(bridge.connection.state).toBe('refused'));
    await expect(bridge.api.settings.get({})).rejects.toMatchObject({
      message: expect.stringContaining('restarted') as string,
    });
  });

  it('says the same of a file that it could not bring there', async () => {
    const bridge = connect();
    (await socket(0)).open();
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    await expect(bridge.addPicture(new Blob(['x']), 'x.png')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 401 })));
    const refused = bridge.documentPages(new Blob(['x']), 'x.pdf', 1);
    await expect(refused).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });
  });

  it('comes back when a server answers again', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    const bridge = connect();
    await vi.waitFor(() => expect(bridge.connection.state).toBe('lost'));
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })));
    await vi.advanceTimersByTimeAsync(1000);
    (await socket(0)).open();
    expect(bridge.connection.state).toBe('open');
  });
});
