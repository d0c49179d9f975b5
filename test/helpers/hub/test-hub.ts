import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { sha256Of, type Content } from './content.ts';
import { faultOf, Faults, type Fault, type PlannedFault } from './faults.ts';
import { sendContent } from './send-content.ts';

export interface TestRepository {
  /** by path; those that end in .gguf are stored as large files are: with a SHA-256, by a second server that the hub redirects to */
  readonly files: Readonly<Record<string, Content>>;
  readonly gated?: 'auto' | 'manual' | undefined;
  readonly isPrivate?: boolean | undefined;
  readonly licence?: string | undefined;
  /** what branches and tags stand for, "main" among them; a number of its own without it */
  readonly commit?: string | undefined;
}

/** A question that was asked of the hub or of its storage. */
export interface AskedOfHub {
  readonly server: 'hub' | 'storage';
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** the same number for the same connection */
  readonly connection: number | undefined;
}

interface Held extends TestRepository {
  readonly commit: string;
}

/**
 * A server that speaks as huggingface.co does: what a repository holds (`/api/models/…`), its files (`/OWNER/NAME/resolve/…`), which it
 * redirects to a storage on another port, ranges, ETags, gated and private repositories, tokens. And it can fail in every way (`fail`).
 */
export class TestHub implements AsyncDisposable {
  readonly asked: AskedOfHub[] = [];
  readonly #repositories = new Map<string, Held>();
  readonly #tokens = new Map<string, Set<string>>();
  readonly #faults = new Faults();
  readonly #sent = new Map<string, number>();
  readonly #hub: Server;
  readonly #storage: Server;
  #signature = randomUUID();
  #sending = 0;
  #mostSending = Infinity;

  private constructor() {
    this.#hub = createServer((request, response) => void this.#answer('hub', request, response));
    this.#storage = createServer((request, response) => void this.#answer('storage', request, response));
  }

  static async start(): Promise<TestHub> {
    const hub = new TestHub();
    for (const server of [hub.#hub, hub.#storage])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  /** … until the running test ends. */
  static async untilTestEnds(): Promise<TestHub> {
    const hub = await TestHub.start();
    onTestFinished(() => hub[Symbol.asyncDispose]());
    return hub;
  }

  /** What Snug takes as the hub's address. */
  get address(): string {
    return `http://127.0.0.1:${portOf(this.#hub)}`;
  }

  get storageAddress(): string {
    return `http://127.0.0.1:${portOf(this.#storage)}`;
  }

  /** Puts a repository there, or another in its place: its files have changed then, and its commit. */
  put(name: string, repository: TestRepository): void {
    const commit = repository.commit ?? createHash('sha1').update(randomUUID()).digest('hex');
    this.#repositories.set(name, { ...repository, commit });
  }

  /** Knows a token from now on, whose account has accepted the licences of these repositories and may see them. */
  addToken(token: string, repositories: readonly string[] = []): void {
    this.#tokens.set(token, new Set(repositories));
  }

  /** Fails from now on, until it has recovered or failed often enough. */
  fail(fault: Fault, planned: PlannedFault = {}): void {
    this.#faults.plan(fault, planned);
  }

  /** Answers so many questions to the storage at once, and refuses others with 503. */
  allowConnections(most: number): void {
    this.#mostSending = most;
  }

  /** Does everything right again. */
  recover(): void {
    this.#faults.clear();
  }

  /** The links to the storage that were given so far are good no more. */
  expireLinks(): void {
    this.#signature = randomUUID();
  }

  /** Bytes of a file's content that were handed to the network, a byte that was sent twice counted twice. */
  bytesSent(path: string): number {
    return this.#sent.get(path) ?? 0;
  }

  /** Cuts every connection that is open. */
  cutConnections(): void {
    for (const server of [this.#hub, this.#storage]) server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #answer(
    server: 'hub' | 'storage',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const url = request.url ?? '/';
    const { range, authorization } = request.headers;
    this.asked.push({ server, url, range, authorization, connection: request.socket.remotePort });
    const faults = this.#faults.of(url);
    if (answeredBy(faults, response)) return;
    const { pathname, searchParams } = new URL(url, 'http://hub');
    if (server === 'storage') return this.#store(pathname, searchParams, { request, response, faults });
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(pathname);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const [, name = '', revision = '', path] = api ?? resolve ?? [];
    const held = this.#repositories.get(name);
    const refusal = this.#refusal(held, name, { request, isListing: api !== null });
    if (held === undefined || refusal)
      return refuse(response, ...(refusal ?? ([404, 'RepoNotFound'] as const)));
    if (![held.commit, 'main'].includes(decodeURIComponent(revision)))
      return refuse(response, 404, 'RevisionNotFound');
    if (path === undefined) return sendJson(response, describe(name, held));
    return this.#resolve(held, decodeURIComponent(path), { request, response, faults });
  }

  #refusal(
    held: Held | undefined,
    name: string,
    { request, isListing }: { request: IncomingMessage; isListing: boolean },
  ): readonly [status: number, code: string, message?: string] | undefined {
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    const allowed = token === undefined ? undefined : this.#tokens.get(token);
    if (token !== undefined && allowed === undefined)
      return [401, '', 'Invalid credentials in Authorization header'];
    if (held === undefined || (held.isPrivate && !allowed?.has(name)))
      return [token === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found'];
    if (held.gated && !isListing && !allowed?.has(name))
      return [token === undefined ? 401 : 403, 'GatedRepo'];
    return undefined;
  }

  #resolve(held: Held, path: string, { request, response, faults }: Exchange): Promise<void> | void {
    const content = held.files[path];
    if (content === undefined) return refuse(response, 404, 'EntryNotFound');
    const headers = { 'x-repo-commit': held.commit };
    if (!isLarge(path))
      return this.#send(path, content, {
        request,
        response,
        faults,
        headers: { ...headers, etag: `"${gitNumber(content)}"` },
      });
    const sha256 = sha256Of(content);
    const location = `${this.storageAddress}/${sha256}?name=${encodeURIComponent(path)}&signature=${this.#signature}`;
    const linked = { 'x-linked-size': String(content.bytes), 'x-linked-etag': `"${sha256}"` };
    const own = {
      ...headers,
      ...linked,
      location,
      'content-length': '0',
      ...faultOf(faults, 'headers')?.headers,
    };
    const told = Object.entries(own).filter(([, value]) => value !== '');
    response.writeHead(302, Object.fromEntries(told)).end();
  }

  async #store(pathname: string, query: URLSearchParams, exchange: Exchange): Promise<void> {
    if (this.#sending >= this.#mostSending) return refuse(exchange.response, 503, '');
    this.#sending++;
    try {
      await this.#sendStored(pathname, query, exchange);
    } finally {
      this.#sending--;
    }
  }

  #sendStored(pathname: string, query: URLSearchParams, exchange: Exchange): Promise<void> | void {
    if (query.get('signature') !== this.#signature) return refuse(exchange.response, 403, '');
    const path = query.get('name') ?? '';
    const contents = [...this.#repositories.values()].map(({ files }) => files[path]);
    const content = contents.find((held) => held && `/${sha256Of(held)}` === pathname);
    if (content === undefined) return refuse(exchange.response, 404, '');
    return this.#send(path, content, { ...exchange, headers: { etag: `"stored-${pathname.slice(1, 17)}"` } });
  }

  #send(
    path: string,
    content: Content,
    { request, response, faults, headers }: Exchange & { headers: Record<string, string> },
  ): Promise<void> {
    const onSent = (bytes: number) => void this.#sent.set(path, this.bytesSent(path) + bytes);
    return sendContent(request, response, { content, headers, faults, onSent });
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly faults: readonly Fault[];
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function isLarge(path: string): boolean {
  return path.endsWith('.gguf');
}

function gitNumber(content: Content): string {
  return createHash('sha1')
    .update(`blob ${content.bytes}\0`)
    .update(content.read(0, content.bytes))
    .digest('hex');
}

/** Whether a fault is the whole answer. */
function answeredBy(faults: readonly Fault[], response: ServerResponse): boolean {
  const redirect = faultOf(faults, 'redirect');
  const status = faultOf(faults, 'status');
  const body = faultOf(faults, 'body');
  if (faultOf(faults, 'silent')) return true;
  if (faultOf(faults, 'hang-up')) response.socket?.destroy();
  else if (redirect) response.writeHead(redirect.status ?? 302, { location: redirect.to }).end();
  else if (status) response.writeHead(status.status, status.headers).end();
  else if (faultOf(faults, 'portal'))
    response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end('<h1>Welcome aboard! Please sign in.</h1>');
  else if (body) sendJson(response, body.body);
  else return false;
  return true;
}

function refuse(response: ServerResponse, status: number, code: string, message = code): void {
  const headers = {
    ...(code ? { 'x-error-code': code } : {}),
    ...(message ? { 'x-error-message': message } : {}),
  };
  response.writeHead(status, headers).end();
}

function sendJson(response: ServerResponse, body: unknown): void {
  response
    .writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
}

function describe(name: string, { commit, files, gated, isPrivate, licence }: Held): object {
  return {
    _id: '6500000000000000000000aa',
    id: name,
    modelId: name,
    sha: commit,
    private: isPrivate ?? false,
    gated: gated ?? false,
    disabled: false,
    ...(licence === undefined ? {} : { cardData: { license: licence } }),
    siblings: Object.entries(files).map(([rfilename, content]) => ({
      rfilename,
      size: content.bytes,
      blobId: isLarge(rfilename) ? '0'.repeat(40) : gitNumber(content),
      ...(isLarge(rfilename)
        ? { lfs: { sha256: sha256Of(content), size: content.bytes, pointerSize: 135 } }
        : {}),
    })),
  };
}
