import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate } from './certificate.ts';

/** A proxy that takes every host for one server, as if that had all their names; over TLS with a certificate. Until the test ends. */
export class TestProxy implements AsyncDisposable {
  /** "GET http://host/path" and "CONNECT host:port", in order */
  readonly asked: string[] = [];
  /** of the server that stands behind all names */
  readonly #port: number;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  readonly #sockets = new Set<Duplex>();
  readonly #password: string | undefined;

  private constructor(
    address: string,
    { certificate, password }: { certificate?: Certificate; password?: string },
  ) {
    this.#port = Number(new URL(address).port);
    this.#password = password;
    this.#server = createServer((request, response) => this.#forward(request, response));
    this.#server.on('connect', (request: IncomingMessage, socket: Socket) => this.#tunnel(request, socket));
    if (certificate) this.#tls = createTlsServer(certificate, (socket) => this.#join(socket, this.#port));
  }

  static async untilTestEnds(
    address: string,
    options: { certificate?: Certificate; password?: string } = {},
  ): Promise<TestProxy> {
    const proxy = new TestProxy(address, options);
    for (const server of [proxy.#server, proxy.#tls])
      await new Promise<void>((resolve) => (server ? server.listen(0, '127.0.0.1', resolve) : resolve()));
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    for (const server of [this.#server, this.#tls])
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  #mayPass({ headers }: IncomingMessage): boolean {
    const right = `Basic ${Buffer.from(this.#password ?? '').toString('base64')}`;
    return this.#password === undefined || headers['proxy-authorization'] === right;
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '');
    this.asked.push(`GET ${url.href}`);
    if (!this.#mayPass(request)) return void response.writeHead(407).end();
    const options = {
      host: '127.0.0.1',
      port: this.#port,
      path: url.pathname + url.search,
      headers: request.headers,
    };
    ask(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    })
      .on('error', () => response.destroy())
      .end();
  }

  #tunnel(request: IncomingMessage, socket: Socket): void {
    this.asked.push(`CONNECT ${request.url ?? ''}`);
    if (!this.#mayPass(request)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    this.#join(socket, (this.#tls?.address() as AddressInfo | undefined)?.port ?? this.#port);
  }

  #join(socket: Duplex, port: number): void {
    const other = connect(port, '127.0.0.1');
    for (const end of [socket, other]) this.#sockets.add(end.on('error', () => end.destroy()));
    socket.pipe(other).pipe(socket);
  }
}
