import { request, type Dispatcher } from 'undici';
import { SnugError } from '../contract/errors.ts';
import { networkError } from './http-errors.ts';
import { Connections, type ConnectionOptions, type Reach } from './proxy.ts';

/** What was answered on the way to the last address, without what it sent. */
interface Hop {
  readonly address: URL;
  readonly status: number;
  readonly headers: Headers;
}

export interface Answer extends Hop {
  /** to be read to its end or destroyed; its errors are still those of the network */
  readonly body: Dispatcher.ResponseData['body'];
  /** the redirects before, first to last */
  readonly hops: readonly Hop[];
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** sent to its origin alone, wherever a redirect leads */
  readonly bearer?: { readonly token: string; readonly origin: string } | undefined;
  readonly reach: Reach;
  readonly signal?: AbortSignal | undefined;
}

const MOST_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Enough of a redirect's body to keep its connection; the rest is not worth it. */
const DUMPED_BYTES = 16 * 1024;

/** The one place that speaks HTTP. */
export class Http implements AsyncDisposable {
  readonly #connections: Connections;

  constructor(options: ConnectionOptions = {}) {
    this.#connections = new Connections(options);
  }

  /**
   * Asks for an address and goes where it is redirected to.
   * @throws SnugError OFFLINE when a host cannot be reached, as a PassingError where that may pass; HUB for redirects that are refused;
   *   CANCELLED
   */
  async get(first: URL, asking: Asking): Promise<Answer> {
    const hops: Hop[] = [];
    for (let address = first; ;) {
      const { statusCode: status, headers: told, body } = await this.#ask(address, asking);
      const headers = headersOf(told);
      const location = headers.get('location');
      if (!REDIRECTS.includes(status) || location === null) return { address, status, headers, body, hops };
      await body.dump({ limit: DUMPED_BYTES }).catch(() => undefined);
      hops.push({ address, status, headers });
      address = redirected(hops, location);
    }
  }

  async #ask(address: URL, asking: Asking): Promise<Dispatcher.ResponseData> {
    const { bearer, reach, signal } = asking;
    const authorization =
      bearer?.origin === address.origin ? { authorization: `Bearer ${bearer.token}` } : {};
    try {
      return await request(address, {
        method: 'GET',
        headers: { 'user-agent': 'snug', ...asking.headers, ...authorization },
        dispatcher: await this.#connections.to(address, reach),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      throw networkError(error, address.host);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connections[Symbol.asyncDispose]();
  }
}

/** Where a redirect leads, if it may be followed. */
function redirected(hops: readonly Hop[], location: string): URL {
  const from = hops.at(-1)?.address;
  const to = URL.parse(location, from?.href);
  const refuse = (why: string): never => {
    throw new SnugError('HUB', `${from?.host ?? ''} redirects ${why}`, {
      advice: 'Snug does not follow it. Check the address of the hub, or try again later.',
    });
  };
  if (to === null) return refuse('to something that is no address');
  if (!/^https?:$/.test(to.protocol)) return refuse(`to an address of the kind ${to.protocol}`);
  if (from?.protocol === 'https:' && to.protocol === 'http:')
    return refuse(`from an encrypted connection to ${to.host} without encryption`);
  if (hops.length > MOST_REDIRECTS || hops.some(({ address }) => address.href === to.href))
    return refuse('in a circle');
  to.username = '';
  to.password = '';
  return to;
}

function headersOf(told: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(told))
    for (const one of [value ?? []].flat()) headers.append(name, one);
  return headers;
}
