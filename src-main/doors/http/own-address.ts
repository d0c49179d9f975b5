import type { IncomingMessage } from 'node:http';

/** What a browser says of a request that our own page made, or a person by the address bar. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * Why a request is refused whatever it knows: it came under a name that only resolves to this machine, or another page made it. undefined
 * when it may go on.
 */
export function refusalOf(request: IncomingMessage, hosts: readonly string[]): string | undefined {
  const { host = '', origin } = request.headers;
  if (!hosts.includes(host)) return 'this server answers only under its own address';
  if (origin !== undefined && origin !== `http://${host}`) return 'another page may not ask this server';
  const site = request.headers['sec-fetch-site'];
  if (typeof site === 'string' && !OWN_SITES.has(site) && !isVisit(request))
    return 'another page may not ask this server';
  return undefined;
}

/** A page that leads here shows nothing of ours in itself: the whole tab goes to a page that has no session of its own. */
function isVisit({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  );
}

/** The address that is asked for; undefined when it is none of this server's, as `//` or that of a proxy's request. */
export function addressOf({ url }: IncomingMessage): URL | undefined {
  if (!url?.startsWith('/') || url.startsWith('//')) return undefined;
  return URL.parse(`http://127.0.0.1${url}`) ?? undefined;
}
