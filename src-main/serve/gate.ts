import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const TOKEN_BYTES = 32;

/**
 * Who may use a server on this machine: whoever has the token of its address, once; from then on that browser's cookie. Other
 * programs' pages in the same browser are kept out by their Origin, and names that only resolve to here by their Host.
 */
export class Gate {
  readonly token = randomBytes(TOKEN_BYTES).toString('base64url');
  readonly #session = randomBytes(TOKEN_BYTES).toString('base64url');
  readonly #host: string;
  readonly #cookie: string;
  #used = false;

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
    // cookies know no ports: two servers must not take each other's
    this.#cookie = `snug-${port}`;
  }

  /** The cookie for a first visit with the right token; undefined for any other request. */
  enter(request: IncomingMessage): { cookie: string } | undefined {
    const url = new URL(request.url ?? '/', `http://${this.#host}`);
    const given = url.searchParams.get('token');
    if (given === null || url.pathname !== '/' || this.#used) return undefined;
    if (request.headers.host !== this.#host || !same(given, this.token)) return undefined;
    this.#used = true;
    return { cookie: `${this.#cookie}=${this.#session}; HttpOnly; SameSite=Strict; Path=/` };
  }

  /** Why a request is refused; undefined when it may pass. */
  refusalOf(request: IncomingMessage): string | undefined {
    const { host, origin } = request.headers;
    if (host !== this.#host) return 'this server answers only under its own address';
    if (origin !== undefined && origin !== `http://${this.#host}`)
      return 'another page may not ask this server';
    const cookies = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
    const session = cookies.find(([name]) => name === this.#cookie)?.[1] ?? '';
    if (!same(session, this.#session)) return 'open the address that Snug printed; its token works once';
    return undefined;
  }
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
