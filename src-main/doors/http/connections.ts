import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Connections that have not shown the session: several browsers' first visits at once take fewer. */
export const MOST_STRANGERS = 32;
/** All connections: a browser opens six and one for each window. */
const MOST_CONNECTIONS = 256;
/** How long what is running may take to end by itself. */
const GRACE_MILLISECONDS = 500;

/** The connections of a server: none of them can end it, use up its descriptors or keep it from closing. */
export class Connections {
  readonly #http: Server;
  readonly #all = new Set<Socket>();
  /** oldest first */
  readonly #strangers = new Set<Socket>();

  constructor(http: Server) {
    this.#http = http;
    http.maxConnections = MOST_CONNECTIONS;
    http.on('connection', (socket) => this.#add(socket));
  }

  #add(socket: Socket): void {
    this.#all.add(socket);
    this.#strangers.add(socket);
    // http hands a socket over with an upgrade and no longer listens; an error that nobody hears would end the program
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#all.delete(socket);
      this.#strangers.delete(socket);
    });
    if (this.#strangers.size <= MOST_STRANGERS) return;
    // the newest is the one that may still have something to say
    const [oldest] = this.#strangers;
    oldest?.destroy();
  }

  /** Whoever is at its other end has the session. */
  trust(socket: Socket): void {
    this.#strangers.delete(socket);
  }

  /** Stops listening and ends every connection, also one that says nothing. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const timer = setTimeout(() => {
      for (const socket of this.#all) socket.destroy();
    }, GRACE_MILLISECONDS);
    await closed;
    clearTimeout(timer);
  }
}
