import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SOCKET_PROTOCOL, type Session } from '../contract/wire.ts';

const TOKEN_BYTES = 32;
/** What a browser says of a request that our own page made, or a person by the address bar. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

const secret = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

/**
 * Who may use a server on this machine: whoever has the token of its address, once, gets a session; from then on whoever shows that.
 * No cookie carries it: those go to every server on 127.0.0.1, whatever its port. Other programs' pages in the same browser are kept
 * out by what the browser says of them as well, and names that only resolve to here by their Host.
 */
export class Gate {
  readonly token = secret();
  readonly #session: Session = { bearer: secret(), pictures: secret() };
  readonly #host: string;
  #used = false;

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
  }

  /** Why a request is refused whatever it knows; undefined when it may go on. */
  refusalOf(request: IncomingMessage): string | undefined {
    const { host, origin } = request.headers;
    if (host !== this.#host) return 'this server answers only under its own address';
    if (origin !== undefined && origin !== `http://${this.#host}`)
      return 'another page may not ask this server';
    const site = request.headers['sec-fetch-site'];
    if (typeof site === 'string' && !OWN_SITES.has(site) && !isVisit(request))
      return 'another page may not ask this server';
    return undefined;
  }

  /** The session for the token of the address, once; undefined for anything else. */
  enter(request: IncomingMessage): Session | undefined {
    if (this.#used || !same(bearerOf(request), this.token)) return undefined;
    this.#used = true;
    return this.#session;
  }

  /** Whether a request shows the session. */
  knows(request: IncomingMessage): boolean {
    return same(bearerOf(request), this.#session.bearer);
  }

  /** Whether a WebSocket shows the session: a page can send no header with one, only names of protocols. */
  knowsSocket(request: IncomingMessage): boolean {
    const names = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    return names[0] === SOCKET_PROTOCOL && same(names[1] ?? '', this.#session.bearer);
  }

  /** Whether an address may show pictures: an <img> sends no header, so a key that is good for nothing else stands in it. */
  mayShow(url: URL): boolean {
    return same(url.searchParams.get('key') ?? '', this.#session.pictures);
  }
}

/** A page that leads here shows nothing of ours in itself: the whole tab goes to a page that has no session of its own. */
function isVisit({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  );
}

function bearerOf({ headers }: IncomingMessage): string {
  return /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
