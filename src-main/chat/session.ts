import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import type { ChatEvent, ChatHistory, ChatStatistics, SendRequest, SentAnswer } from '../contract/chat.ts';
import { openedThoughts } from '../contract/thoughts.ts';
import { callNative, nativeError, type Addon, type NativeChat, type NativeModel } from '../engine/addon.ts';
import type { TextModel } from '../models/model-file.ts';
import { longerContext } from './longer-context.ts';
import { decodePicture, type Picture } from './pictures.ts';
import { ChatTemplate, type ChatMessage } from './template.ts';

interface Turn {
  readonly message: ChatMessage;
  readonly pictures: readonly Picture[];
}

/** Tokens kept free for the answer when the conversation is cut to fit the context. */
const LEAST_ANSWER_TOKENS = 128;
/** Beyond so many characters a token, text cannot fit; counting the tokens of more would take minutes and gigabytes. */
const MOST_CHARACTERS_PER_TOKEN = 64;

/**
 * One conversation: its messages, and a KV cache that follows them. What the cache already holds of the next prompt,
 * pictures included, is not run again.
 */
export class ChatSession implements Disposable {
  readonly #model: NativeModel;
  readonly #chat: NativeChat;
  readonly #template: ChatTemplate;
  readonly #contextTokens: number;
  /** what the model was trained for */
  readonly #mostContextTokens: number;
  readonly #maxPixels: number;
  readonly #mediaMarker: string;
  #system: Turn | undefined;
  #turns: Turn[] = [];

  constructor(
    addon: Addon,
    model: NativeModel,
    options: {
      text: TextModel;
      contextTokens: number;
      batchTokens: number;
      threads: number;
      maxPixels: number;
    },
  ) {
    this.#model = model;
    this.#mediaMarker = model.describe().mediaMarker;
    this.#template = new ChatTemplate(options.text, this.#mediaMarker);
    this.#contextTokens = options.contextTokens;
    this.#mostContextTokens = options.text.trainingContextTokens;
    this.#maxPixels = options.maxPixels;
    try {
      this.#chat = new addon.Chat(model, options);
    } catch (error) {
      throw nativeError(error);
    }
  }

  get messages(): readonly ChatMessage[] {
    return this.#turns.map((turn) => turn.message);
  }

  /** Forgets the conversation. */
  reset(): void {
    this.#system = undefined;
    this.#turns = [];
  }

  /** Takes up a conversation where it was left: what the cache still holds of it is not run again. */
  async restore(history: ChatHistory): Promise<void> {
    const turns = await Promise.all(
      history.turns.map(async ({ role, text, pictures }): Promise<Turn> => ({
        message: { role, text, pictures: pictures.length },
        pictures: await this.#decode(pictures),
      })),
    );
    const { systemPrompt } = history;
    this.#system =
      systemPrompt === '' ? undefined : { message: { role: 'system', text: systemPrompt }, pictures: [] };
    this.#turns = turns;
  }

  #decode(sources: readonly (string | Uint8Array)[]): Promise<Picture[]> {
    return Promise.all(sources.map((source) => decodePicture(source, { maxPixels: this.#maxPixels })));
  }

  /** Tokens that a picture will take, before it is sent. */
  async pictureTokens(
    source: string | Uint8Array,
  ): Promise<{ tokens: number; width: number; height: number }> {
    const { width, height } = await decodePicture(source, { maxPixels: this.#maxPixels });
    const pieces = this.#layOut(this.#mediaMarker, [{ width, height }]);
    const tokens = pieces
      .filter((piece) => piece.kind === 'image')
      .reduce((sum, piece) => sum + piece.tokens, 0);
    return { tokens, width, height };
  }

  /**
   * Sends a message and streams the answer. Aborting keeps the conversation with what was answered so far; any error before
   * the answer leaves it as it was.
   */
  async send(
    request: SendRequest,
    options: { signal?: AbortSignal | undefined; onEvent?: ((event: ChatEvent) => void) | undefined } = {},
  ): Promise<SentAnswer> {
    const pictures = await this.#decode(request.pictures);
    throwIfCancelled(options.signal);
    if (pictures.length > 0 && !this.#model.describe().canSee) {
      throw new SnugError('CANNOT_SEE', 'this model has no vision encoder, so it cannot take pictures', {
        advice: 'Give it its vision file (mmproj), or choose a model that has one.',
        remedies: [{ kind: 'add-vision-file' }, { kind: 'choose-model' }],
      });
    }
    for (const note of pictures.flatMap((picture) => picture.notes))
      options.onEvent?.({ kind: 'note', text: note });
    const turn: Turn = { message: { role: 'user', text: request.text, pictures: pictures.length }, pictures };
    const { turns, dropped } = await this.#fitted([...this.#turns, turn], options.signal);
    if (dropped > 0) {
      options.onEvent?.({
        kind: 'note',
        text: `the context is full: the oldest ${dropped} messages are no longer seen`,
      });
    }
    const stop = () => this.#chat.abort();
    options.signal?.addEventListener('abort', stop, { once: true });
    try {
      return await this.#answer(turns, request, options);
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  }

  async #answer(
    turns: Turn[],
    request: SendRequest,
    {
      signal,
      onEvent,
    }: { signal?: AbortSignal | undefined; onEvent?: ((event: ChatEvent) => void) | undefined },
  ): Promise<SentAnswer> {
    const images = turns.flatMap((turn) => turn.pictures);
    const rendered = await this.#render(turns, signal);
    throwIfCancelled(signal);
    const prompt = await callNative(
      this.#chat.prompt({ text: rendered, images }, ({ done, total, encoding }) =>
        onEvent?.({ kind: encoding ? 'encoding' : 'prompt', done, total }),
      ),
    );
    throwIfCancelled(signal);
    this.#turns = turns;
    let text = '';
    const decoder = new TextDecoder();
    const say = (piece: string) => {
      if (piece === '') return;
      const said = text === '' ? openedThoughts(rendered) + piece : piece;
      text += said;
      onEvent?.({ kind: 'text', text: said });
    };
    const { maxTokens, temperature, seed, ignoreEnd } = request;
    const answer = await callNative(
      this.#chat.answer({ maxTokens, temperature, seed, ...(ignoreEnd ? { ignoreEnd } : {}) }, ({ bytes }) =>
        say(decoder.decode(bytes, { stream: true })),
      ),
    );
    say(decoder.decode());
    this.#turns.push({ message: { role: 'assistant', text }, pictures: [] });
    const statistics: ChatStatistics = {
      ...prompt,
      answerTokens: answer.tokens,
      answerSeconds: answer.seconds,
      contextTokens: this.#contextTokens,
    };
    return { text, reason: answer.reason, statistics };
  }

  #withSystem(turns: readonly Turn[]): ChatMessage[] {
    return (this.#system ? [this.#system, ...turns] : turns).map((turn) => turn.message);
  }

  #render(turns: readonly Turn[], signal: AbortSignal | undefined): Promise<string> {
    return this.#template.render(this.#withSystem(turns), { forAnswer: true, signal });
  }

  #layOut(text: string, images: readonly { width: number; height: number }[]) {
    try {
      return this.#model.layout({ text, images: images.map(({ width, height }) => ({ width, height })) });
    } catch (error) {
      throw nativeError(error);
    }
  }

  /** Infinity for more text than can fit. */
  async #tokensOf(turns: readonly Turn[], signal: AbortSignal | undefined): Promise<number> {
    const most = this.#contextTokens * MOST_CHARACTERS_PER_TOKEN;
    const typed = this.#withSystem(turns).reduce((sum, { text }) => sum + text.length, 0);
    if (typed > most) return Infinity;
    const rendered = await this.#render(turns, signal);
    if (rendered.length > most) return Infinity;
    const pieces = this.#layOut(
      rendered,
      turns.flatMap((turn) => turn.pictures),
    );
    return pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  }

  /** The newest part of the conversation that leaves room for an answer; M-RoPE caches cannot be shifted. */
  async #fitted(all: Turn[], signal: AbortSignal | undefined): Promise<{ turns: Turn[]; dropped: number }> {
    const room = this.#contextTokens - Math.min(LEAST_ANSWER_TOKENS, this.#contextTokens / 4);
    for (let dropped = 0; dropped < all.length; dropped++) {
      const turns = all.slice(dropped);
      // a conversation starts with a question, never with the answer to a dropped one
      if (turns[0]?.message.role === 'assistant') continue;
      throwIfCancelled(signal);
      if ((await this.#tokensOf(turns, signal)) <= room) return { turns, dropped };
    }
    const tokens = await this.#tokensOf(all.slice(-1), signal);
    const takes = tokens === Infinity ? 'more text than can fit' : `${tokens} tokens`;
    throw new SnugError(
      'CONTEXT_FULL',
      `this message alone takes ${takes}, and the context holds ${this.#contextTokens} tokens`,
      {
        advice: 'Send less text, or fewer or smaller pictures.',
        remedies: longerContext({ needed: tokens, now: this.#contextTokens, most: this.#mostContextTokens }),
      },
    );
  }

  [Symbol.dispose](): void {
    this.#template[Symbol.dispose]();
    this.#chat.close();
  }
}
