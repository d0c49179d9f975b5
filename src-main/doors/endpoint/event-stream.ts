import type { ServerResponse } from 'node:http';

/** A client that hears nothing for minutes gives up; a comment between events is not heard by it. */
const KEEP_ALIVE_MILLISECONDS = 10_000;

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as an answer. */
export class EventStream implements Disposable {
  readonly #response: ServerResponse;
  readonly #timer: NodeJS.Timeout;

  /** Its head is sent with the first event, or once it has to be kept alive: until then another answer may be given. */
  constructor(response: ServerResponse, keepAliveMilliseconds = KEEP_ALIVE_MILLISECONDS) {
    this.#response = response;
    this.#timer = setInterval(() => this.#write(': still here\n\n'), keepAliveMilliseconds);
  }

  send(value: unknown): void {
    this.#write(`data: ${JSON.stringify(value)}\n\n`);
  }

  end(): void {
    this.#write('data: [DONE]\n\n');
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (!this.#response.headersSent)
      this.#response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    this.#response.write(text);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
