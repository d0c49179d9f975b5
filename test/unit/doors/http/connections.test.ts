import { setTimeout as pause } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MOST_STRANGERS } from '../../../../src-main/doors/http/connections.ts';
import { ended, SmallServer } from '../../../helpers/small-server.ts';

// An error that nobody hears ends the process: vitest then fails the file, whatever the expectations say.

const HALF_REQUEST = 'GET / HTTP/1.1\r\nHost: 127';

describe('a program without a session', () => {
  it.each([
    ['an upgrade to the Api', (server: SmallServer) => server.upgrade('snug, guess')],
    ['an upgrade elsewhere', (server: SmallServer) => server.upgrade().replace('/api', '/x')],
    ['an upgrade with a long rest', (server: SmallServer) => server.upgrade('snug') + 'x'.repeat(100_000)],
    [
      'an upgrade to something else',
      () => 'GET /api HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    ],
    ['a request', (server: SmallServer) => `GET / HTTP/1.1\r\n${server.head}\r\n`],
    ['half a request', () => HALF_REQUEST],
    ['nonsense', () => '\0\x01\x02 nonsense\r\n\r\n'],
    ['a tunnel', () => 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n'],
    [
      'an upload',
      (server: SmallServer) => `POST /pictures/ HTTP/1.1\r\n${server.head}Content-Length: 99\r\n\r\nabc`,
    ],
  ])('does not end the server by %s and a reset', async (_, text) => {
    const server = await SmallServer.start();
    for (let i = 0; i < 30; i++) {
      const socket = await server.connect(text(server));
      await pause(i % 3);
      socket.resetAndDestroy();
      await ended(socket);
    }
    expect(await server.answers()).toBe(204);
  });

  it('is let go after a refused upgrade, also when it never closes its own end', async () => {
    const server = await SmallServer.start();
    const socket = await server.connect(server.upgrade('snug, guess'));
    let said = '';
    socket.on('data', (data: Buffer) => (said += data.toString()));
    await ended(socket);
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    // the other side is gone, not half open: writing finds that out
    const gone = new Promise((resolve) => socket.once('close', resolve));
    const writing = setInterval(() => socket.write('x'), 5);
    await gone;
    clearInterval(writing);
  });

  it('keeps only so many connections open, and the window gets through', async () => {
    const server = await SmallServer.start();
    const window = await server.socket();
    const sockets: Socket[] = [];
    for (let i = 0; i < MOST_STRANGERS * 3; i++) sockets.push(await server.connect(HALF_REQUEST));
    await Promise.all(sockets.slice(0, MOST_STRANGERS).map(ended));
    expect(await server.answers()).toBe(204);
    expect(sockets.filter((socket) => !socket.readableEnded && !socket.closed).length).toBeLessThanOrEqual(
      MOST_STRANGERS,
    );
    expect(window.readyState).toBe(window.OPEN);
  });

  it.each([
    ['says nothing', ''],
    ['sends half a head', HALF_REQUEST],
    ['sends half a body', 'POST /session HTTP/1.1\r\nHost: HOST\r\nContent-Length: 10\r\n\r\nabc'],
  ])('is let go when it %s', async (_, text) => {
    const times = {
      headersTimeout: 100,
      requestTimeout: 200,
      keepAliveTimeout: 50,
      connectionsCheckingInterval: 30,
    };
    const server = await SmallServer.start({ times });
    const socket = await server.connect(text.replace('HOST', `127.0.0.1:${server.port}`));
    await ended(socket);
    expect(await server.answers()).toBe(204);
  });
});

describe('closing', () => {
  it.each([
    ['a connection that says nothing', () => ''],
    ['half a request', () => HALF_REQUEST],
    ['a kept connection', (server: SmallServer) => `GET / HTTP/1.1\r\n${server.head}\r\n`],
    ['a window that does not answer', (server: SmallServer) => server.upgrade()],
    [
      'a running upload',
      (server: SmallServer) =>
        `POST /pictures/ HTTP/1.1\r\n${server.head}Authorization: Bearer ${server.session.bearer}\r\nContent-Length: 99\r\n\r\nabc`,
    ],
  ])(
    'ends with %s open',
    async (_, text) => {
      const server = await SmallServer.start();
      const socket = await server.connect(text(server));
      // the bytes arrive
      await pause(50);
      await server.close();
      socket.resume();
      await expect(server.answers()).rejects.toThrow();
    },
    5_000,
  );

  it('tells windows that it goes', async () => {
    const server = await SmallServer.start();
    const socket = await server.socket();
    const code = new Promise((resolve) => socket.once('close', resolve));
    await server.close();
    expect(await code).toBe(1001);
  });
});
