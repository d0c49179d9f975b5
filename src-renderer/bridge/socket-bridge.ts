import type { Api, ApiEvent } from '../../src-main/contract/api.ts';
import type { AddedPicture, DocumentPages } from '../../src-main/contract/conversation.ts';
import { fromErrorData, SnugError, type ErrorData } from '../../src-main/contract/errors.ts';
import {
  MOST_MESSAGE_BYTES,
  PAGES_PATH,
  PICTURES_PATH,
  SOCKET_PATH,
  SOCKET_PROTOCOL,
  type FromMain,
} from '../../src-main/contract/wire.ts';
import type { Bridge } from './bridge.ts';
import { callingProxy } from './calling-proxy.ts';
import { bearer, TabSession } from './session.ts';

/** How long it is waited before the connection is tried again, at first and at most: twice as long each time. */
const FIRST_WAIT_MILLISECONDS = 500;
const LONGEST_WAIT_MILLISECONDS = 15_000;
/** WebSocket's own code for a message beyond the other side's limit. */
const TOO_LARGE = 1009;

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** The window's side of a WebSocket to `serve.ts`; comes back by itself when the connection was lost. */
class SocketBridge implements Bridge {
  readonly #url: string;
  readonly #session: TabSession;
  readonly #listeners = new Set<(event: ApiEvent) => void>();
  readonly #watchers = new Set<(state: Bridge['connection']['state']) => void>();
  readonly #waiting = new Map<number, Waiting>();
  #socket: WebSocket | undefined;
  #queued: string[] = [];
  #nextId = 1;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  connection: Bridge['connection'] = { state: 'connecting' };
  readonly api: Api;

  constructor(host: string, session: TabSession) {
    this.#url = `ws://${host}${SOCKET_PATH}`;
    this.#session = session;
    this.api = callingProxy((service, method, argument) => this.#call(service, method, argument));
    void this.#open();
  }

  async #open(): Promise<void> {
    try {
      const session = await this.#session.find();
      if (session) this.#connect(session.bearer);
      else this.#end('refused', refused());
    } catch {
      // no server answers
      this.#lose(lost());
    }
  }

  #connect(bearer: string): void {
    const socket = new WebSocket(this.#url, [SOCKET_PROTOCOL, bearer]);
    this.#socket = socket;
    socket.onopen = () => {
      for (const message of this.#queued) socket.send(message);
      this.#queued = [];
      this.#tries = 0;
      this.#become('open');
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)) as FromMain);
    socket.onclose = ({ code }) => this.#lose(code === TOO_LARGE ? tooLarge() : lost());
  }

  #lose(error: SnugError): void {
    this.#end('lost', error);
    const wait = Math.min(LONGEST_WAIT_MILLISECONDS, FIRST_WAIT_MILLISECONDS * 2 ** this.#tries++);
    this.#retry = setTimeout(() => this.reconnect(), wait);
  }

  /** Tries at once what would be tried later, where the connection is lost. */
  reconnect(): void {
    if (this.connection.state !== 'lost' || this.#retry === undefined) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    void this.#open();
  }

  /** Every call fails; none of them runs later, when its caller has long been told so. */
  #end(state: 'lost' | 'refused', error: SnugError): void {
    this.#socket = undefined;
    this.#queued = [];
    this.#become(state);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #become(state: Bridge['connection']['state']): void {
    this.connection = { state };
    for (const watcher of this.#watchers) watcher(state);
  }

  #receive(message: FromMain): void {
    if (message.kind === 'event') {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(fromErrorData(message.error));
    else waiting?.resolve(message.value as never);
  }

  #call(service: string, method: string, argument: unknown): Promise<unknown> {
    const id = this.#nextId++;
    const message = JSON.stringify({ id, service, method, argument });
    if (this.connection.state === 'refused') return Promise.reject(refused());
    if (this.connection.state === 'lost') {
      // somebody is there who wants something
      this.reconnect();
      return Promise.reject(lost());
    }
    if (new TextEncoder().encode(message).length > MOST_MESSAGE_BYTES) return Promise.reject(tooLarge());
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
      else this.#queued.push(message);
    });
  }

  listen(listener: (event: ApiEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onConnection(watcher: (state: Bridge['connection']['state']) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  addPicture(file: Blob, name: string, page?: number): Promise<AddedPicture> {
    return this.#upload(PICTURES_PATH, file, { name, ...(page === undefined ? {} : { page: String(page) }) });
  }

  documentPages(file: Blob, name: string, first: number): Promise<DocumentPages> {
    return this.#upload(PAGES_PATH, file, { name, page: String(first) });
  }

  async #upload<Value extends object>(
    path: string,
    file: Blob,
    facts: Readonly<Record<string, string>>,
  ): Promise<Value> {
    const response = await fetch(`${path}?${new URLSearchParams(facts).toString()}`, {
      method: 'POST',
      body: file,
      headers: bearer(this.#session.current?.bearer ?? ''),
    }).catch(() => {
      throw lost();
    });
    if (response.status === 401) throw refused();
    const answer = (await response.json()) as Value | { error: ErrorData };
    if ('error' in answer) throw fromErrorData(answer.error);
    return answer;
  }

  pictureUrl(hash: string): string {
    return `${PICTURES_PATH}${hash}?key=${this.#session.current?.pictures ?? ''}`;
  }

  pathOf(): undefined {
    return undefined;
  }
}

function lost(): SnugError {
  return new SnugError('CONNECTION_LOST', 'the connection to Snug was lost', {
    advice: 'If Snug was closed, start it again and open the address it prints.',
  });
}

function refused(): SnugError {
  const message = 'this page was not opened by the address that Snug printed, or Snug was restarted since';
  return new SnugError('CONNECTION_REFUSED', message, {
    advice: 'Open that address; it works once. If it was opened before, start Snug again for a new one.',
  });
}

function tooLarge(): SnugError {
  const megabytes = MOST_MESSAGE_BYTES / 2 ** 20;
  return new SnugError('BAD_ARGUMENT', `what was sent is larger than ${megabytes} MiB`, {
    advice: 'Send less at once.',
  });
}

export function connectSocket(window: Window): Bridge {
  const { location, history, sessionStorage } = window;
  const bridge = new SocketBridge(
    location.host,
    new TabSession({ location, history, storage: sessionStorage }),
  );
  // a laptop that wakes up, or a person who comes back to the tab, does not wait
  for (const name of ['focus', 'online', 'pageshow']) window.addEventListener(name, () => bridge.reconnect());
  return bridge;
}
