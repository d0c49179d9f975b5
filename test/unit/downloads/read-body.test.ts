import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Http } from '../../../src-main/downloads/http.ts';
import { readBody } from '../../../src-main/downloads/read-body.ts';

it('a connection is used again by who asks as soon as a body was read', async () => {
  let connections = 0;
  const server = createServer((_, response) => response.end('body'));
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await using http = new Http();
  const address = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  for (let i = 0; i < 20; i++) {
    const { body } = await http.get(address, { reach: 'anywhere' });
    await readBody(body, { bytes: 4, host: address.host });
  }
  expect(connections).toBe(1);
});
