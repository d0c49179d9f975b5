import type { WebSocket } from 'ws';
import type { Dispatcher } from '../doors/dispatcher.ts';
import type { EventBus } from '../services/event-bus.ts';
import { toErrorData } from '../contract/errors.ts';
import type { FromMain, Reply } from '../contract/wire.ts';

/** Calls of one window that run at once; further ones wait. Those that take minutes (a move, a comparison) are few. */
export const MOST_CALLS = 64;
/** Bytes that a window may leave unread before its next call waits. */
const MOST_UNREAD_BYTES = 2 ** 20;
/** Bytes kept for a window that reads nothing: beyond it is let go, and reads all anew when it comes back. */
export const MOST_KEPT_BYTES = 16 * 2 ** 20;

/** One window: its calls in, replies and events out. What it sends faster than it reads waits on its own side. */
export class WindowSocket {
  readonly #client: WebSocket;
  readonly #dispatcher: Dispatcher;
  /** what came with a piece of the stream and may not run yet */
  #waiting: Buffer[] = [];
  #running = 0;

  constructor(client: WebSocket, dispatcher: Dispatcher, events: EventBus) {
    this.#client = client;
    this.#dispatcher = dispatcher;
    const listening = events.listen((event) => this.#send(JSON.stringify({ kind: 'event', ...event })));
    client.on('close', () => {
      listening[Symbol.dispose]();
      this.#waiting = [];
    });
    // a message that breaks the protocol or is too large: ws itself closes with the reason
    client.on('error', () => undefined);
    client.on('message', (data: Buffer) => {
      this.#waiting.push(data);
      this.#goOn();
    });
  }

  get #mayRun(): boolean {
    return this.#running < MOST_CALLS && this.#client.bufferedAmount < MOST_UNREAD_BYTES;
  }

  #goOn(): void {
    while (this.#mayRun) {
      const data = this.#waiting.shift();
      if (!data) break;
      void this.#run(data);
    }
    if (this.#mayRun) this.#client.resume();
    else this.#client.pause();
  }

  async #run(data: Buffer): Promise<void> {
    this.#running++;
    const reply = await this.#dispatcher.run(parse(data));
    this.#running--;
    if (reply) this.#send(encode(reply));
    this.#goOn();
  }

  #send(text: string): void {
    const client = this.#client;
    if (client.readyState !== client.OPEN) return;
    if (client.bufferedAmount > MOST_KEPT_BYTES) return client.terminate();
    client.send(text, () => this.#goOn());
  }
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
}

function encode(reply: Reply): string {
  try {
    return JSON.stringify({ kind: 'reply', ...reply } satisfies FromMain);
  } catch (error) {
    return JSON.stringify({ kind: 'reply', id: reply.id, error: toErrorData(error) } satisfies FromMain);
  }
}
