import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ServedModel } from '../../services/served-model.ts';
import type { RunningEndpoint } from '../../services/serving.ts';
import { sendJson } from '../http/answers.ts';
import { Connections } from '../http/connections.ts';
import { LOCAL_TIMES, listenLocally } from '../http/listen.ts';
import { addressOf, refusalOf } from '../http/own-address.ts';
import { bearerOf, isSameSecret, newSecret } from '../http/secrets.ts';
import { ApiError, toApiError } from './api-error.ts';
import { ChatCompletions } from './chat-completions.ts';

/** A short form of what OpenAI's own keys look like: some programs insist on it. */
const KEY_BEGINNING = 'sk-snug-';
const HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Serves a model to programs of this machine as OpenAI's API does: `GET /v1/models`, `POST /v1/chat/completions`. Whoever asks shows the
 * key; pages of a browser, and names that only resolve to here, are refused.
 */
export async function startEndpoint(
  model: ServedModel,
  { port: wanted, key = `${KEY_BEGINNING}${newSecret()}` }: { port: number; key?: string | undefined },
): Promise<RunningEndpoint> {
  const http = createServer(LOCAL_TIMES);
  const connections = new Connections(http);
  const port = await listenLocally(http, wanted);
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const routes = new Routes(model);
  http.on('request', (request, response) => {
    const answer = async () => {
      const url = addressOf(request);
      if (!url) throw new ApiError(400, 'this is no address of this server');
      const refusal = refusalOf(request, hosts);
      if (refusal !== undefined) throw new ApiError(403, refusal, { code: 'forbidden' });
      if (!isSameSecret(bearerOf(request), key))
        throw new ApiError(401, 'the key is missing or wrong; Snug shows it where the model is served', {
          code: 'invalid_api_key',
        });
      connections.trust(request.socket);
      await routes.answer(request, response, url);
    };
    void reply(request, response, answer);
  });
  return { address: `http://127.0.0.1:${port}/v1`, key, close: () => connections.close() };
}

/** Never rejects. */
async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<void>,
): Promise<void> {
  // a connection that breaks off while something is written
  response.on('error', () => response.destroy());
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  try {
    await answer();
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy();
    const { status, body, retryAfterSeconds } = toApiError(error);
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
    sendJson(response, status, body);
    // what was still coming is not read
    if (!request.complete) response.once('finish', () => request.destroy());
  }
}

class Routes {
  readonly #model: ServedModel;
  readonly #completions: ChatCompletions;
  readonly #created = Math.floor(Date.now() / 1000);

  constructor(model: ServedModel) {
    this.#model = model;
    this.#completions = new ChatCompletions(model);
  }

  async answer(request: IncomingMessage, response: ServerResponse, { pathname }: URL): Promise<void> {
    if (pathname === '/v1/chat/completions') {
      allow(request, response, 'POST');
      return this.#completions.answer(request, response);
    }
    const [, named] = /^\/v1\/models(?:\/(.*))?$/.exec(pathname) ?? [undefined, null];
    if (named === null)
      throw new ApiError(404, 'there is nothing here but /v1/models and /v1/chat/completions', {
        code: 'not_found',
      });
    allow(request, response, 'GET');
    if (named === undefined) return sendJson(response, 200, { object: 'list', data: [this.#entry] });
    if (unescaped(named) !== this.#model.name)
      throw new ApiError(404, `the model here is called ${this.#model.name}`, {
        code: 'model_not_found',
        param: 'model',
      });
    sendJson(response, 200, this.#entry);
  }

  get #entry() {
    return { id: this.#model.name, object: 'model', created: this.#created, owned_by: 'snug' };
  }
}

/** Clients escape a name's signs in ways of their own. */
function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function allow(request: IncomingMessage, response: ServerResponse, method: string): void {
  if (request.method === method) return;
  response.setHeader('Allow', method);
  throw new ApiError(405, `this is asked with ${method}`, { code: 'method_not_allowed' });
}
