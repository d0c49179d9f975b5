import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { EventBus } from '../../src-main/services/event-bus.ts';
import type { PictureView } from '../../src-main/contract/conversation.ts';
import { SnugError } from '../../src-main/contract/errors.ts';
import { SOCKET_PATH, SOCKET_PROTOCOL, type Session } from '../../src-main/contract/wire.ts';
import { startServer, type RunningServer } from '../../src-main/serve/server.ts';
import type { Services } from '../../src-main/services/services.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openSession } from './window.ts';

export const PNG = Buffer.from('89504e470d0a1a0a0000000d', 'hex');

/** A server of this test alone, with services that do nothing but what the test says; closed when the test ends. */
export class SmallServer {
  readonly events: EventBus;
  readonly session: Session;
  readonly port: number;
  readonly #server: RunningServer;

  private constructor(server: RunningServer, session: Session, events: EventBus) {
    this.#server = server;
    this.session = session;
    this.events = events;
    this.port = Number(new URL(server.url).port);
  }

  static async start(
    given: {
      api?: object;
      addPicture?: (bytes: Uint8Array) => Promise<PictureView>;
      times?: object;
    } = {},
  ): Promise<SmallServer> {
    const folder = temporaryFolder();
    const page = join(folder, 'page');
    mkdirSync(page);
    writeFileSync(join(page, 'index.html'), '<title>Snug</title>');
    writeFileSync(join(folder, 'png'), PNG);
    writeFileSync(join(folder, 'html'), '<script>alert(1)</script>');
    const events = new EventBus();
    const services = {
      api: given.api ?? { settings: { get: () => Promise.resolve({ theme: 'dark' }) } },
      events,
      addPicture: given.addPicture ?? (() => Promise.resolve({ hash: 'a' })),
      picturePath: (hash: string) => {
        if (hash === 'gone') return join(folder, 'gone');
        if (hash !== 'png' && hash !== 'html') throw new SnugError('NOT_FOUND', 'there is no such picture');
        return join(folder, hash);
      },
    } as unknown as Services;
    const server = await startServer(services, { port: 0, page, times: given.times ?? {} });
    onTestFinished(() => server.close());
    return new SmallServer(server, await openSession(server.url), events);
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get head(): string {
    return `Host: 127.0.0.1:${this.port}\r\n`;
  }

  get bearer(): { authorization: string } {
    return { authorization: `Bearer ${this.session.bearer}` };
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** Whether the server still answers. */
  async answers(): Promise<number> {
    return (await fetch(`${this.address}/session`, { headers: this.bearer })).status;
  }

  /** A connection that sends what it is given and nothing by itself; its errors are the other side's doing. */
  async connect(text = ''): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    if (text !== '') socket.write(text);
    onTestFinished(() => void socket.destroy());
    return socket;
  }

  /** The head of a request that becomes a WebSocket. */
  upgrade(protocols = `${SOCKET_PROTOCOL}, ${this.session.bearer}`): string {
    const websocket =
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    return `GET ${SOCKET_PATH} HTTP/1.1\r\n${this.head}Connection: Upgrade\r\n${websocket}\r\nSec-WebSocket-Protocol: ${protocols}\r\n\r\n`;
  }

  async socket(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${SOCKET_PATH}`, [
      SOCKET_PROTOCOL,
      this.session.bearer,
    ]);
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('open', resolve));
    onTestFinished(() => socket.terminate());
    return socket;
  }
}

/** The next message of a WebSocket, read as JSON. */
export function nextMessage(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) =>
    socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))),
  );
}

/** Resolves once the other side has ended a connection, or this one has. */
export function ended(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed || socket.readableEnded) return resolve();
    socket.once('end', resolve).once('close', () => resolve());
  });
}
