import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src-main/serve/gate.ts';

const PORT = 4711;
const HOST = `127.0.0.1:${PORT}`;

function request(headers: Record<string, string> = {}, method = 'GET'): IncomingMessage {
  return { method, headers: { host: HOST, ...headers } } as unknown as IncomingMessage;
}

const bearer = (secret: string) => request({ authorization: `Bearer ${secret}` });

function open() {
  const gate = new Gate(PORT);
  const session = gate.enter(bearer(gate.token));
  if (!session) throw new Error('the token was refused');
  return { gate, session };
}

describe('the gate of the local server', () => {
  it('gives a session for the token, once', () => {
    const { gate, session } = open();
    expect(gate.knows(bearer(session.bearer))).toBe(true);
    expect(gate.enter(bearer(gate.token))).toBeUndefined();
  });

  it.each(['', 'guess', 'Bearer'])('gives none for "%s"', (token) => {
    const gate = new Gate(PORT);
    expect(gate.enter(bearer(token))).toBeUndefined();
    expect(gate.enter(request({ authorization: token }))).toBeUndefined();
    // and the true one is still good for its one visit
    expect(gate.enter(bearer(gate.token))).toBeDefined();
  });

  it('knows nobody by a cookie, which goes to every port', () => {
    const { gate, session } = open();
    expect(gate.knows(request({ cookie: `snug-${PORT}=${session.bearer}` }))).toBe(false);
  });

  it('takes neither the token nor the key of pictures for the session', () => {
    const { gate, session } = open();
    expect(gate.knows(bearer(gate.token))).toBe(false);
    expect(gate.knows(bearer(session.pictures))).toBe(false);
  });

  it('shows pictures for their key, which is no other', () => {
    const { gate, session } = open();
    const url = (key: string) => new URL(`http://${HOST}/pictures/x?key=${key}`);
    expect(gate.mayShow(url(session.pictures))).toBe(true);
    expect(gate.mayShow(url(session.bearer))).toBe(false);
    expect(gate.mayShow(new URL(`http://${HOST}/pictures/x`))).toBe(false);
  });

  it.each([
    ['snug, BEARER', true],
    ['snug,BEARER', true],
    ['BEARER', false],
    ['BEARER, snug', false],
    ['snug', false],
    ['snug, guess', false],
    ['', false],
  ])('a WebSocket that names "%s" is known: %s', (names, known) => {
    const { gate, session } = open();
    const named = request({ 'sec-websocket-protocol': names.replace('BEARER', session.bearer) });
    expect(gate.knowsSocket(named)).toBe(known);
  });

  it.each([
    ['a page elsewhere', { origin: 'https://example.org' }, /another page/],
    ['a page of another local server', { origin: 'http://127.0.0.1:4712' }, /another page/],
    ['an <img> in a page of another local server', { 'sec-fetch-site': 'same-site' }, /another page/],
    [
      'a frame in another page',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      /another page/,
    ],
    ['a name that only resolves to here', { host: 'rebound.example:4711' }, /own address/],
    ['a page without an origin', { origin: 'null' }, /another page/],
  ])('refuses %s whatever it knows', (_, headers, words) => {
    const { gate, session } = open();
    expect(gate.refusalOf(request({ authorization: `Bearer ${session.bearer}`, ...headers }))).toMatch(words);
  });

  it.each([
    ['our own page', { origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin' }],
    ['an address that was typed', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    [
      'a link in another page',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
    ['a program', {}],
  ])('lets %s ask', (_, headers) => {
    expect(new Gate(PORT).refusalOf(request(headers))).toBeUndefined();
  });
});
