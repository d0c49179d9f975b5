import type { Api, ApiEvent } from '../src-main/contract/api.ts';
import type { PictureView } from '../src-main/contract/conversation.ts';
import { fromErrorData, SnugError, type ErrorData } from '../src-main/contract/errors.ts';
import { PICTURES_PATH, type FromMain } from '../src-main/contract/wire.ts';
import type { Bridge } from './bridge.ts';

const RECONNECT_MILLISECONDS = 1000;

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** The window's side of a WebSocket to `serve.ts`; comes back by itself when the connection was lost. */
class SocketBridge implements Bridge {
  readonly #url: string;
  readonly #listeners = new Set<(event: ApiEvent) => void>();
  readonly #watchers = new Set<(state: Bridge['connection']['state']) => void>();
  readonly #waiting = new Map<number, Waiting>();
  #socket: WebSocket | undefined;
  #queued: string[] = [];
  #nextId = 1;
  connection: Bridge['connection'] = { state: 'connecting' };
  readonly api: Api;

  constructor(location: Location) {
    this.#url = `ws://${location.host}/api`;
    this.api = callingProxy((service, method, argument) => this.#call(service, method, argument));
    this.#open();
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      for (const message of this.#queued) socket.send(message);
      this.#queued = [];
      this.#become('open');
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)) as FromMain);
    socket.onclose = () => {
      this.#become('lost');
      const error = new SnugError('WORKER_DIED', 'the connection to Snug was lost', {
        advice: 'If Snug was closed, start it again; this page comes back by itself.',
      });
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
      setTimeout(() => this.#open(), RECONNECT_MILLISECONDS);
    };
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

  async addPicture(file: Blob, name: string): Promise<PictureView> {
    const response = await fetch(`${PICTURES_PATH}?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      body: file,
    });
    const answer = (await response.json()) as PictureView | { error: ErrorData };
    if ('error' in answer) throw fromErrorData(answer.error);
    return answer;
  }

  pictureUrl(hash: string): string {
    return `${PICTURES_PATH}${hash}`;
  }

  pathOf(): undefined {
    return undefined;
  }
}

/** An Api whose methods all go through one function, typed from the contract. */
export function callingProxy(
  call: (service: string, method: string, argument: unknown) => Promise<unknown>,
): Api {
  const serviceOf = (service: string) =>
    new Proxy({}, { get: (_, method) => (argument: unknown) => call(service, String(method), argument) });
  return new Proxy({}, { get: (_, service) => serviceOf(String(service)) }) as Api;
}

export function connectSocket(location: Location): Bridge {
  return new SocketBridge(location);
}
