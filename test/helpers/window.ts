import { WebSocket } from 'ws';
import type { Api, ApiEvent, ApiEvents } from '../../src-main/contract/api.ts';
import type { PictureView } from '../../src-main/contract/conversation.ts';
import { fromErrorData, type ErrorData } from '../../src-main/contract/errors.ts';
import {
  PICTURES_PATH,
  SESSION_PATH,
  SOCKET_PATH,
  SOCKET_PROTOCOL,
  type FromMain,
  type Session,
} from '../../src-main/contract/wire.ts';

/** The session for the token of a printed address. */
export async function openSession(url: string): Promise<Session> {
  const { origin, searchParams } = new URL(url);
  const authorization = `Bearer ${searchParams.get('token') ?? ''}`;
  const response = await fetch(`${origin}${SESSION_PATH}`, { method: 'POST', headers: { authorization } });
  return (await response.json()) as Session;
}

/** A window without a page: the same calls and events over the same WebSocket. */
export class TestWindow {
  readonly events: ApiEvent[] = [];
  readonly #socket: WebSocket;
  readonly #base: string;
  readonly #session: Session;
  readonly #waiting = new Map<number, (reply: FromMain & { kind: 'reply' }) => void>();
  readonly #watchers = new Set<() => void>();
  #nextId = 1;

  private constructor(socket: WebSocket, base: string, session: Session) {
    this.#socket = socket;
    this.#base = base;
    this.#session = session;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as FromMain;
      if (message.kind === 'reply') this.#waiting.get(message.id)?.(message);
      else this.events.push(message);
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  static async open(url: string): Promise<TestWindow> {
    const { origin, host } = new URL(url);
    const session = await openSession(url);
    const socket = new WebSocket(`ws://${host}${SOCKET_PATH}`, [SOCKET_PROTOCOL, session.bearer], { origin });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new TestWindow(socket, origin, session);
  }

  readonly api = new Proxy({} as Api, {
    get: (_, service) =>
      new Proxy(
        {},
        { get: (_, method) => (argument: unknown) => this.call(String(service), String(method), argument) },
      ),
  });

  async call(service: string, method: string, argument: unknown): Promise<unknown> {
    const id = this.#nextId++;
    const reply = await new Promise<FromMain & { kind: 'reply' }>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, service, method, argument }));
    });
    this.#waiting.delete(id);
    if ('error' in reply) throw fromErrorData(reply.error);
    return reply.value;
  }

  /** The first event of a name, told already or still to come, that is as wanted. */
  async when<Name extends keyof ApiEvents>(
    name: Name,
    wanted: (data: ApiEvents[Name]) => boolean,
  ): Promise<ApiEvents[Name]> {
    const find = () => {
      const found = this.events.find((event) => event.name === name && wanted(event.data as ApiEvents[Name]));
      return found?.data as ApiEvents[Name] | undefined;
    };
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const watcher = () => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  async addPicture(bytes: Uint8Array, name: string): Promise<PictureView> {
    const response = await fetch(`${this.#base}${PICTURES_PATH}?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      body: new Uint8Array(bytes),
      headers: { authorization: `Bearer ${this.#session.bearer}` },
    });
    const answer = (await response.json()) as PictureView | { error: ErrorData };
    if ('error' in answer) throw fromErrorData(answer.error);
    return answer;
  }

  async fetchPicture(hash: string): Promise<Uint8Array> {
    const response = await fetch(`${this.#base}${PICTURES_PATH}${hash}?key=${this.#session.pictures}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  close(): void {
    this.#socket.terminate();
  }
}
