import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SentAnswer } from '../../contract/chat.ts';
import type { ServedModel } from '../../services/served-model.ts';
import { sendJson } from '../http/answers.ts';
import { readBody } from '../http/body.ts';
import { ApiError, toApiError } from './api-error.ts';
import { readChatRequest, type ChatRequest } from './chat-request.ts';
import { Completion } from './completion.ts';
import { EventStream } from './event-stream.ts';
import { ThoughtStream } from './thought-stream.ts';

/** Several photographs of the largest kind that phones take, in base64. */
export const MOST_BODY_BYTES = 48 * 2 ** 20;
/** Of all requests that wait or are answered. */
const MOST_HELD_BYTES = 4 * MOST_BODY_BYTES;

/** Answers `POST /v1/chat/completions`. */
export class ChatCompletions {
  readonly #model: ServedModel;
  #heldBytes = 0;

  constructor(model: ServedModel) {
    this.#model = model;
  }

  /** Ends early where the client leaves. @throws ApiError, unless a stream has begun, which is told */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // nothing is read for nothing
    this.#model.refuseIfFull();
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const bytes = this.#hold(request);
    try {
      const body = await readBody(request, MOST_BODY_BYTES, tooLarge);
      const asked = readChatRequest(parsed(body));
      if (asked.streams) await this.#stream(asked, response, gone.signal);
      else {
        const options = { signal: gone.signal, onEvent: () => undefined };
        const answer = await this.#model.answer(asked.question, options);
        sendJson(response, 200, new Completion(this.#model.name).whole(answer));
      }
    } finally {
      this.#heldBytes -= bytes;
    }
  }

  /** Makes room for a request's body before it is read; returns its size, the largest where it says none. */
  #hold(request: IncomingMessage): number {
    const { 'content-type': type = '', 'content-length': length } = request.headers;
    if (!/^application\/json\b/i.test(type))
      throw new ApiError(415, 'the request has to be application/json', { code: 'unsupported_media_type' });
    const bytes = length === undefined ? MOST_BODY_BYTES : Number(length);
    if (bytes > MOST_BODY_BYTES) throw tooLarge();
    if (this.#heldBytes + bytes > MOST_HELD_BYTES)
      throw new ApiError(429, 'too many pictures wait for the model already', {
        code: 'busy',
        retryAfterSeconds: 5,
      });
    this.#heldBytes += bytes;
    return bytes;
  }

  async #stream(
    { question, includesUsage }: ChatRequest,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const completion = new Completion(this.#model.name);
    const thoughts = new ThoughtStream();
    using stream = new EventStream(response);
    let hasBegun = false;
    const begin = () => {
      if (!hasBegun) stream.send(completion.beginning());
      hasBegun = true;
    };
    const say = (piece: ReturnType<ThoughtStream['push']>) => {
      if (piece.thoughts !== '' || piece.answer !== '') stream.send(completion.piece(piece));
    };
    let answer: SentAnswer;
    try {
      answer = await this.#model.answer(question, {
        signal,
        onEvent: (event) => {
          // what is refused is refused before the prompt is read
          if (event.kind === 'prompt' || event.kind === 'encoding' || event.kind === 'text') begin();
          if (event.kind === 'text') say(thoughts.push(event.text));
        },
      });
    } catch (error) {
      if (!response.headersSent) throw error;
      stream.send(toApiError(error).body);
      return stream.end();
    }
    begin();
    say(thoughts.end());
    stream.send(completion.end(answer));
    if (includesUsage) stream.send(completion.usage(answer));
    stream.end();
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError(400, 'the request is not valid JSON', { code: 'invalid_json' });
  }
}

function tooLarge(): ApiError {
  const message = `a request has at most ${MOST_BODY_BYTES / 2 ** 20} MiB; send fewer or smaller pictures`;
  return new ApiError(413, message, { code: 'request_too_large' });
}
