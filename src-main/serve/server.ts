import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Dispatcher } from '../doors/dispatcher.ts';
import { Connections } from '../doors/http/connections.ts';
import { LOCAL_TIMES, listenLocally } from '../doors/http/listen.ts';
import { SnugError } from '../contract/errors.ts';
import { MOST_MESSAGE_BYTES, SOCKET_PATH, SOCKET_PROTOCOL } from '../contract/wire.ts';
import { appRoot } from '../root.ts';
import type { Services } from '../services/services.ts';
import { Responses } from './responses.ts';
import { Gate } from './gate.ts';
import { WindowSocket } from './window-socket.ts';

export interface RunningServer extends AsyncDisposable {
  /** with the token that opens the window once */
  readonly url: string;
  /** Ends within a second or so, whatever is connected. */
  close(): Promise<void>;
}

const MOST_WINDOWS = 32;
const GOING_AWAY = 1001;
const builtPage = join(appRoot, 'dist', 'renderer');

/** Serves the built window and its Api on 127.0.0.1. Throws with advice when the window has not been built. */
export async function startServer(
  services: Services,
  options: { port: number; page?: string; times?: Partial<typeof LOCAL_TIMES> },
): Promise<RunningServer> {
  const page = options.page ?? builtPage;
  if (!existsSync(join(page, 'index.html'))) {
    throw new SnugError('FILE', `the window has not been built: ${page} is missing`, {
      advice: 'Run: npm run build',
    });
  }
  const http = createServer({ ...LOCAL_TIMES, ...options.times });
  const connections = new Connections(http);
  const port = await listenLocally(http, options.port);
  const gate = new Gate(port);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    // never the one that carries the session
    handleProtocols: () => SOCKET_PROTOCOL,
  });
  const dispatcher = new Dispatcher(services.api);
  const responses = new Responses({ gate, connections, services, page });
  http.on('request', (request, response) => void responses.answer(request, response));
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== SOCKET_PATH || gate.refusalOf(request) !== undefined || !gate.knowsSocket(request))
      return refuse(socket, '403 Forbidden');
    if (sockets.clients.size >= MOST_WINDOWS) return refuse(socket, '503 Service Unavailable');
    connections.trust(request.socket);
    sockets.handleUpgrade(
      request,
      socket,
      head,
      (client) => new WindowSocket(client, dispatcher, services.events),
    );
  });
  const close = async () => {
    for (const client of sockets.clients) client.close(GOING_AWAY, 'Snug was closed');
    await connections.close();
  };
  return { url: `http://127.0.0.1:${port}/?token=${gate.token}`, close, [Symbol.asyncDispose]: close };
}

/** Says no to an upgrade and lets the connection go, also when the other side never closes its own end. */
function refuse(socket: Duplex, status: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
