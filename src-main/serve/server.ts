import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { Dispatcher } from '../api/dispatcher.ts';
import { SnugError, toErrorData } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES, PICTURES_PATH, type FromMain } from '../contract/wire.ts';
import { appRoot } from '../root.ts';
import type { Services } from '../services/services.ts';
import { Gate } from './gate.ts';
import { contentSecurityPolicy, pageFile } from './page-file.ts';

export interface RunningServer {
  /** with the token that opens the window once */
  readonly url: string;
  close(): Promise<void>;
}

const CONTENT_SECURITY_POLICY = contentSecurityPolicy({ connect: "'self'" });
const MOST_MESSAGE_BYTES = 2 ** 20;
const builtPage = join(appRoot, 'dist', 'renderer');

/** Serves the built window and its Api on 127.0.0.1. Throws with advice when the window has not been built. */
export async function startServer(
  services: Services,
  options: { port: number; page?: string },
): Promise<RunningServer> {
  const page = options.page ?? builtPage;
  if (!existsSync(join(page, 'index.html'))) {
    throw new SnugError('FILE', `the window has not been built: ${page} is missing`, {
      advice: 'Run: npm run build',
    });
  }
  const http = createServer();
  await listen(http, options.port);
  const { port } = http.address() as AddressInfo;
  const gate = new Gate(port);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE_BYTES });
  const dispatcher = new Dispatcher(services.api);
  http.on('request', (request, response) => {
    void answer({ request, response, gate, services, page });
  });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = request.url === '/api' ? gate.refusalOf(request) : 'not here';
    if (refusal !== undefined) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (client) => converse(client, dispatcher, services));
  });
  return {
    url: `http://127.0.0.1:${port}/?token=${gate.token}`,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function listen(http: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new SnugError('BUSY', `port ${port} is in use`, {
              advice: 'Choose another with --port, or none.',
            })
          : error,
      );
    });
    // never another address: whoever reaches this port reads the person's chats
    http.listen(port, '127.0.0.1', resolve);
  });
}

/** One window: its calls in, replies and events out. */
function converse(client: WebSocket, dispatcher: Dispatcher, services: Services): void {
  const send = (message: FromMain) => {
    if (client.readyState === client.OPEN) client.send(JSON.stringify(message));
  };
  const listening = services.events.listen((event) => send({ kind: 'event', ...event }));
  client.on('close', () => listening[Symbol.dispose]());
  client.on('message', (data: Buffer) => {
    void (async () => {
      const reply = await dispatcher.run(parse(data));
      if (reply) send({ kind: 'reply', ...reply });
    })();
  });
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly gate: Gate;
  readonly services: Services;
  readonly page: string;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, gate } = exchange;
  response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-store');
  try {
    const entered = gate.enter(request);
    if (entered) {
      response.writeHead(303, { 'Set-Cookie': entered.cookie, Location: '/' }).end();
      return;
    }
    const refusal = gate.refusalOf(request);
    if (refusal !== undefined) {
      response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${refusal}\n`);
      return;
    }
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname.startsWith(PICTURES_PATH)) await servePicture(exchange, url);
    else serveFile(exchange, url.pathname === '/' ? '/index.html' : url.pathname);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    response.writeHead(400, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: toErrorData(error) }));
  }
}

async function servePicture({ request, response, services }: Exchange, url: URL): Promise<void> {
  if (request.method === 'POST') {
    const bytes = await readBody(request);
    const kept = await services.addPicture(bytes, url.searchParams.get('name') ?? 'picture');
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(kept));
    return;
  }
  const path = services.picturePath(url.pathname.slice(PICTURES_PATH.length));
  // the browser looks at the bytes itself; what is no picture is not shown by an <img>
  response.removeHeader('X-Content-Type-Options');
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Cache-Control': 'private, max-age=31536000',
  });
  await pipeline(createReadStream(path), response);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_PICTURE_BYTES) {
      throw new SnugError('BAD_PICTURE', 'the picture is larger than 64 MiB', {
        advice: 'Scale it down first.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function serveFile({ request, response, page }: Exchange, pathname: string): void {
  const file = request.method === 'GET' ? pageFile(page, pathname) : undefined;
  if (!file) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('there is nothing here\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': file.type }).end(file.content);
}
