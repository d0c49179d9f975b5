import type { IncomingMessage } from 'node:http';
import { SOCKET_PROTOCOL, type Session } from '../contract/wire.ts';
import { refusalOf } from '../doors/http/own-address.ts';
import { bearerOf, isSameSecret, newSecret } from '../doors/http/secrets.ts';

/**
 * Who may use a server on this machine: whoever has the token of its address, once, gets a session; from then on whoever shows that.
 * No cookie carries it: those go to every server on 127.0.0.1, whatever its port. Other programs' pages in the same browser are kept
 * out by what the browser says of them as well, and names that only resolve to here by their Host.
 */
export class Gate {
  readonly token = newSecret();
  readonly #session: Session = { bearer: newSecret(), pictures: newSecret() };
  readonly #host: string;
  #used = false;

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
  }

  /** Why a request is refused whatever it knows; undefined when it may go on. */
  refusalOf(request: IncomingMessage): string | undefined {
    return refusalOf(request, [this.#host]);
  }

  /** The session for the token of the address, once; undefined for anything else. */
  enter(request: IncomingMessage): Session | undefined {
    if (this.#used || !isSameSecret(bearerOf(request), this.token)) return undefined;
    this.#used = true;
    return this.#session;
  }

  /** Whether a request shows the session. */
  knows(request: IncomingMessage): boolean {
    return isSameSecret(bearerOf(request), this.#session.bearer);
  }

  /** Whether a WebSocket shows the session: a page can send no header with one, only names of protocols. */
  knowsSocket(request: IncomingMessage): boolean {
    const names = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    return names[0] === SOCKET_PROTOCOL && isSameSecret(names[1] ?? '', this.#session.bearer);
  }

  /** Whether an address may show pictures: an <img> sends no header, so a key that is good for nothing else stands in it. */
  mayShow(url: URL): boolean {
    return isSameSecret(url.searchParams.get('key') ?? '', this.#session.pictures);
  }
}
