import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src-main/serve/gate.ts';

const PORT = 4711;
const HOST = `127.0.0.1:${PORT}`;

function request(url: string, headers: Record<string, string> = {}): IncomingMessage {
  return { url, headers: { host: HOST, ...headers } } as unknown as IncomingMessage;
}

function cookieOf(gate: Gate): string {
  const entered = gate.enter(request(`/?token=${gate.token}`));
  return entered?.cookie.split(';')[0] ?? '';
}

describe('the gate of the local server', () => {
  it('lets a browser in with the token, once', () => {
    const gate = new Gate(PORT);
    const cookie = cookieOf(gate);
    expect(gate.refusalOf(request('/', { cookie }))).toBeUndefined();
    expect(gate.enter(request(`/?token=${gate.token}`))).toBeUndefined();
  });

  it('gives a cookie that no script and no other site gets', () => {
    const gate = new Gate(PORT);
    const { cookie } = gate.enter(request(`/?token=${gate.token}`)) ?? { cookie: '' };
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
  });

  it.each([
    ['no token', '/', {}],
    ['a wrong token', '/?token=wrong', {}],
    ['the token on another path', '/pictures/?token=TOKEN', {}],
    ['the token under another host name', '/?token=TOKEN', { host: 'snug.example:4711' }],
  ])('stays shut for %s', (_, url, headers) => {
    const gate = new Gate(PORT);
    expect(gate.enter(request(url.replace('TOKEN', gate.token), headers))).toBeUndefined();
    expect(gate.refusalOf(request('/'))).toMatch(/token/);
  });

  it.each([
    ['a page elsewhere', { origin: 'https://example.org' }, /another page/],
    ['a page of another local server', { origin: 'http://127.0.0.1:4712' }, /another page/],
    ['a name that only resolves to here', { host: 'rebound.example:4711' }, /own address/],
    ['a page without an origin', { origin: 'null' }, /another page/],
  ])('refuses %s although the browser sends the cookie', (_, headers, words) => {
    const gate = new Gate(PORT);
    expect(gate.refusalOf(request('/api', { cookie: cookieOf(gate), ...headers }))).toMatch(words);
  });

  it('takes the cookie among others and not a guessed one', () => {
    const gate = new Gate(PORT);
    const cookie = cookieOf(gate);
    expect(gate.refusalOf(request('/', { cookie: `other=1; ${cookie}; more=2` }))).toBeUndefined();
    expect(gate.refusalOf(request('/', { cookie: `snug-${PORT}=guess` }))).toMatch(/token/);
  });
});
