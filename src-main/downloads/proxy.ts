import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, EnvHttpProxyAgent, ProxyAgent, type Dispatcher } from 'undici';
import { SnugError } from '../contract/errors.ts';
import { isPrivateAddress, isPrivateHost } from './private-address.ts';
import { PRIVATE_REFUSED, privateRefusal } from './http-errors.ts';

/** Which proxy leads to an address, as Electron's `session.resolveProxy` says it: "DIRECT", "PROXY host:port; DIRECT", … */
export type ResolveProxy = (address: string) => Promise<string>;

/** Which hosts may be connected to: any, or those of the internet alone. */
export type Reach = 'anywhere' | 'public';

/** As `dns.lookup`, without addresses of this machine and its network: what is checked here is what is connected to. */
export const lookupPublic: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return done(error, []);
    const addresses = found.filter(({ address }) => !isPrivateAddress(address));
    const [first] = addresses;
    if (!first) return done(Object.assign(new Error('a private address'), { code: PRIVATE_REFUSED }), []);
    if (options.all) return done(null, addresses);
    done(null, first.address, first.family);
  });
};

/** How long a host may keep silent, in milliseconds: until it is connected to, until it answers, and between two pieces of an answer. */
export interface Times {
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

const TIMES: Times = { connectTimeout: 15_000, headersTimeout: 30_000, bodyTimeout: 30_000 };

export interface ConnectionOptions {
  /** what the system says; without it HTTP_PROXY, HTTPS_PROXY and NO_PROXY are heeded */
  readonly resolveProxy?: ResolveProxy | undefined;
  readonly times?: Times | undefined;
}

/** The connections to hosts and proxies, each kept open for the next request, until closed. */
export class Connections implements AsyncDisposable {
  readonly #resolveProxy: ResolveProxy | undefined;
  readonly #settings: Times & { readonly allowH2: false };
  #direct: Readonly<Record<Reach, Dispatcher>> | undefined;
  readonly #proxies = new Map<string, ProxyAgent>();

  constructor({ resolveProxy, times = TIMES }: ConnectionOptions) {
    this.#resolveProxy = resolveProxy;
    // several connections are asked for by themselves: HTTP/2 would make one of them
    this.#settings = { ...times, allowH2: false };
  }

  /** Made when first needed: a proxy of the environment that is no address ends what asks the hub, and nothing else. */
  #made(): Readonly<Record<Reach, Dispatcher>> {
    if (!this.#resolveProxy) checkProxies(process.env);
    const { connectTimeout: timeout } = this.#settings;
    const Direct = this.#resolveProxy ? Agent : EnvHttpProxyAgent;
    return {
      anywhere: new Direct(this.#settings),
      // a proxy's own address may be private all the same: this is of direct connections alone
      public: new Direct({ ...this.#settings, connect: { lookup: lookupPublic, timeout } }),
    };
  }

  /**
   * What sends a request to an address. Behind a proxy, names are the proxy's to look up; addresses in numbers are checked here.
   * @throws SnugError HUB for a private host where only public ones may be reached, BAD_ARGUMENT for a proxy that is no address
   */
  async to(address: URL, reach: Reach): Promise<Dispatcher> {
    if (reach === 'public' && isPrivateHost(address.hostname)) throw privateRefusal(address.hostname);
    const proxy = proxyOf((await this.#resolveProxy?.(address.href)) ?? 'DIRECT');
    if (proxy === undefined) return (this.#direct ??= this.#made())[reach];
    const known = this.#proxies.get(proxy);
    if (known) return known;
    const made = new ProxyAgent({ ...this.#settings, uri: proxy });
    this.#proxies.set(proxy, made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...Object.values(this.#direct ?? {}), ...this.#proxies.values()];
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }
}

/** Those that undici heeds, in its order. */
const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];
const PROXY_PROTOCOLS = ['http:', 'https:', 'socks:', 'socks5:'];

function isProxyAddress(text: string): boolean {
  const address = URL.parse(text);
  if (!address || address.hostname === '' || !PROXY_PROTOCOLS.includes(address.protocol)) return false;
  try {
    decodeURIComponent(address.username + address.password);
    return true;
  } catch {
    return false;
  }
}

function checkProxies(environment: NodeJS.ProcessEnv): void {
  for (const name of PROXY_VARIABLES) {
    const given = environment[name];
    if (!given) continue;
    if (isProxyAddress(given)) continue;
    // not repeated: a password may be in it
    throw new SnugError('BAD_ARGUMENT', `${name} is no address of a proxy`, {
      advice:
        'Set it to http://HOST:PORT, with http:// in front and a % in a password written as %25, or leave it out.',
    });
  }
}

const SCHEMES: Readonly<Record<string, string>> = {
  PROXY: 'http',
  HTTP: 'http',
  HTTPS: 'https',
  SOCKS: 'socks5',
  SOCKS5: 'socks5',
};

/** The first way of a list such as "PROXY host:port; DIRECT" that can be gone; undefined for none but the direct one. */
function proxyOf(list: string): string | undefined {
  for (const way of list.split(';')) {
    const [kind = '', place = ''] = way.trim().split(/\s+/);
    if (/^direct$/i.test(kind)) return undefined;
    const scheme = SCHEMES[kind.toUpperCase()];
    if (scheme !== undefined && place !== '') return `${scheme}://${place}`;
  }
  return undefined;
}
