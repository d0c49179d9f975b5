import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { SnugError, toErrorData } from '../contract/errors.ts';
import { PAGES_PATH, PICTURES_PATH, SESSION_PATH } from '../contract/wire.ts';
import type { Services } from '../services/services.ts';
import type { Gate } from './gate.ts';
import { sendJson, sendWords } from '../doors/http/answers.ts';
import type { Connections } from '../doors/http/connections.ts';
import { addressOf } from '../doors/http/own-address.ts';
import { contentSecurityPolicy, pageFile } from '../doors/page-file.ts';
import { PICTURE_POLICY, pictureFile } from '../doors/picture-file.ts';
import { Uploads } from './uploads.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy({ connect: "'self'" }),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  // pages of other ports count as the same site: neither may they show what is here, nor share a process with it
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Origin-Agent-Cluster': '?1',
};
const OPEN_ADDRESS = 'open the address that Snug printed; its token works once';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** What the server answers to requests: the page to anyone under its own address, all else to who has the session. */
export class Responses {
  readonly #gate: Gate;
  readonly #connections: Connections;
  readonly #services: Services;
  readonly #page: string;
  readonly #uploads: Uploads;

  constructor(options: { gate: Gate; connections: Connections; services: Services; page: string }) {
    this.#gate = options.gate;
    this.#connections = options.connections;
    this.#services = options.services;
    this.#page = options.page;
    this.#uploads = new Uploads(options.services);
  }

  /** Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // a connection that breaks off while something is written
    response.on('error', () => response.destroy());
    try {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      const url = addressOf(request);
      if (!url) return sendWords(response, 400, 'this is no address of a page here');
      const refusal = this.#gate.refusalOf(request);
      if (refusal !== undefined) return sendWords(response, 403, refusal);
      await this.#route({ request, response, url });
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      sendJson(response, error instanceof SnugError ? 400 : 500, { error: toErrorData(error) });
      // what was still coming is not read
      if (!request.complete) response.once('finish', () => request.destroy());
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const { pathname } = exchange.url;
    if (pathname === SESSION_PATH) this.#session(exchange);
    else if (pathname.startsWith(PICTURES_PATH)) await this.#pictures(exchange);
    else if (pathname === PAGES_PATH) await this.#pages(exchange);
    else this.#file(exchange);
  }

  /** A session for the token (POST), or whether a session is known (GET). */
  #session({ request, response }: Exchange): void {
    if (request.method === 'POST') {
      const session = this.#gate.enter(request);
      if (!session) return sendWords(response, 401, OPEN_ADDRESS);
      this.#connections.trust(request.socket);
      sendJson(response, 200, session);
    } else if (request.method === 'GET') {
      if (!this.#gate.knows(request)) return sendWords(response, 401, OPEN_ADDRESS);
      this.#connections.trust(request.socket);
      response.writeHead(204).end();
    } else sendWords(response, 405, 'this is not done here');
  }

  async #pictures({ request, response, url }: Exchange): Promise<void> {
    if (request.method === 'POST') {
      if (!this.#gate.knows(request)) return sendWords(response, 401, OPEN_ADDRESS);
      this.#connections.trust(request.socket);
      const kept = await this.#uploads.take(request, url);
      return sendJson(response, 200, kept);
    }
    if (request.method !== 'GET') return sendWords(response, 405, 'this is not done here');
    if (!this.#gate.mayShow(url)) return sendWords(response, 401, OPEN_ADDRESS);
    this.#connections.trust(request.socket);
    const picture = pictureFile(this.#services.picturePath(url.pathname.slice(PICTURES_PATH.length)));
    if (!picture) return sendWords(response, 404, 'there is no picture here');
    response.writeHead(200, {
      'Content-Type': picture.type,
      'Content-Security-Policy': PICTURE_POLICY,
      'Cache-Control': 'private, max-age=31536000',
    });
    await pipeline(picture.content, response);
  }

  async #pages({ request, response, url }: Exchange): Promise<void> {
    if (request.method !== 'POST') return sendWords(response, 405, 'this is not done here');
    if (!this.#gate.knows(request)) return sendWords(response, 401, OPEN_ADDRESS);
    this.#connections.trust(request.socket);
    sendJson(response, 200, await this.#uploads.pages(request, url));
  }

  #file({ request, response, url }: Exchange): void {
    const pathname = url.pathname === '/' ? '/index.html' : url.pathname;
    const file = request.method === 'GET' ? pageFile(this.#page, pathname) : undefined;
    if (!file) return sendWords(response, 404, 'there is nothing here');
    response.writeHead(200, { 'Content-Type': file.type }).end(file.content);
  }
}
