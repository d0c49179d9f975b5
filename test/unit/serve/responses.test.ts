import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MOST_PICTURE_BYTES } from '../../../src-main/contract/wire.ts';
import { ended, PNG, SmallServer } from '../../helpers/small-server.ts';
import { until } from '../../helpers/until.ts';

/** What a server says to bytes that are sent as they are. */
async function said(server: SmallServer, text: string): Promise<string> {
  const socket = await server.connect(text);
  const chunks: Buffer[] = [];
  socket.on('data', (data: Buffer) => chunks.push(data));
  await new Promise((resolve) => socket.once('end', resolve));
  socket.end();
  return Buffer.concat(chunks).toString();
}

describe('what is answered', () => {
  it.each(['//', '//example.org/x', '/\\\\', 'http://example.org/', '*', '///'])(
    'to the address %s is plain words',
    async (address) => {
      const server = await SmallServer.start();
      const answer = await said(server, `GET ${address} HTTP/1.1\r\n${server.head}Connection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
      expect(answer).toMatch(/this is no address of a page here|there is nothing here/);
      expect(answer).not.toContain('BUG');
    },
  );

  it('may be shown by no other page', async () => {
    const server = await SmallServer.start();
    const addresses = [
      '/',
      '/missing',
      '/session',
      '/pictures/png',
      `/pictures/png?key=${server.session.pictures}`,
    ];
    for (const address of addresses) {
      const { headers } = await fetch(`${server.address}${address}`);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'none'") as string,
      });
      expect(headers.has('access-control-allow-origin')).toBe(false);
      expect(headers.has('set-cookie')).toBe(false);
    }
  });

  it('to a page of another port is a refusal', async () => {
    const server = await SmallServer.start();
    const headers = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' };
    expect((await fetch(`${server.address}/`, { headers })).status).toBe(403);
  });

  it('is the page for the printed address, whose token is then good for one session', async () => {
    const server = await SmallServer.start();
    expect(await (await fetch(`${server.address}/?token=any`)).text()).toContain('Snug');
    const headers = { authorization: 'Bearer used' };
    expect((await fetch(`${server.address}/session`, { method: 'POST', headers })).status).toBe(401);
  });
});

describe('pictures', () => {
  it('are shown for their key, as what they are', async () => {
    const server = await SmallServer.start();
    const shown = await fetch(`${server.address}/pictures/png?key=${server.session.pictures}`);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(PNG);
  });

  it.each([
    ['no key', 'png', '', 401],
    ['a guessed key', 'png', 'guess', 401],
    ['a name that is no picture', '..%2f..%2fsnug.sqlite', 'KEY', 400],
    ['a file that begins like none', 'html', 'KEY', 404],
    ['a file that is gone', 'gone', 'KEY', 500],
  ])('are not shown with %s', async (_, hash, key, status) => {
    const server = await SmallServer.start();
    const address = `${server.address}/pictures/${hash}?key=${key.replace('KEY', server.session.pictures)}`;
    expect((await fetch(address)).status).toBe(status);
    expect(await server.answers()).toBe(204);
  });

  const upload = (server: SmallServer, headers: string) =>
    `POST /pictures/?name=a HTTP/1.1\r\n${server.head}Authorization: Bearer ${server.session.bearer}\r\n${headers}\r\n\r\n`;

  it('that are too large are refused before they are read', async () => {
    const server = await SmallServer.start();
    const answer = await said(server, upload(server, `Content-Length: ${MOST_PICTURE_BYTES + 1}`));
    expect(answer).toContain('the picture is larger than 64 MiB');
  });

  it('whose sender leaves midway harm nobody and keep no place', async () => {
    const server = await SmallServer.start();
    for (let i = 0; i < 10; i++) {
      const socket = await server.connect(`${upload(server, 'Content-Length: 1000')}abc`);
      await pause(5);
      socket.resetAndDestroy();
      await ended(socket);
    }
    const request = { method: 'POST', headers: server.bearer, body: PNG };
    expect((await fetch(`${server.address}/pictures/?name=a`, request)).status).toBe(200);
  });

  it('are taken a few at a time', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const server = await SmallServer.start({
      addPicture: async () => {
        most = Math.max(most, ++running);
        await pause(5);
        running--;
        done++;
        return { hash: 'a', name: 'a', width: 1, height: 1 };
      },
    });
    const send = () =>
      fetch(`${server.address}/pictures/?name=a`, { method: 'POST', headers: server.bearer, body: PNG });
    await Promise.all(Array.from({ length: 12 }, send));
    await until(() => done === 12);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('have names as long as a file may have', async () => {
    const server = await SmallServer.start();
    const address = `${server.address}/pictures/?name=${'n'.repeat(300)}`;
    const answer = await fetch(address, { method: 'POST', headers: server.bearer, body: PNG });
    expect(await answer.json()).toMatchObject({ error: { code: 'BAD_ARGUMENT' } });
  });
});
