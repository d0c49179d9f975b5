import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import type {
  ChatEvent,
  ChatHistory,
  ChatStatistics,
  PictureScaling,
  PictureQuestion,
  ScaledPictures,
  SendRequest,
  SentAnswer,
  SentPicture,
} from '../contract/chat.ts';
import { openedThoughts } from '../contract/thoughts.ts';
import { callNative, tryNative } from '../engine/native-calls.ts';
import type { Addon, NativeChat, NativeModel } from '../engine/native-types.ts';
import type { ImageLimits } from '../models/image-limits.ts';
import type { TextModel, VisionModel } from '../models/model-file.ts';
import type { PictureSize } from '../pictures/picture-size.ts';
import { ContextRoom, type AskedQuestion, type PicturedMessage } from './context-room.ts';
import { PictureScale } from '../prompt/picture-scale.ts';
import { decodePicture, readPictureSize, type Picture } from '../pictures/pictures.ts';
import { ChatTemplate } from '../prompt/template.ts';
import { type ChatMessage } from '../prompt/turns.ts';
import { StopTexts } from './stop-texts.ts';

/** Beyond so many characters a token, text cannot fit; counting the tokens of more would take minutes and gigabytes. */
const MOST_CHARACTERS_PER_TOKEN = 64;

/**
 * One conversation: its messages, and a KV cache that follows them. What the cache already holds of the next prompt,
 * pictures included, is not run again.
 */
export class ChatSession implements Disposable {
  readonly #model: NativeModel;
  readonly #chat: NativeChat | undefined;
  readonly #template: ChatTemplate;
  readonly #contextTokens: number;
  readonly #scale: PictureScale;
  readonly #room: ContextRoom;
  #system: ChatMessage | undefined;
  #thread: PicturedMessage[] = [];

  constructor(
    addon: Addon,
    model: NativeModel,
    options: {
      text: TextModel;
      vision: VisionModel | undefined;
      limits: ImageLimits;
      contextTokens: number;
      batchTokens: number;
      threads: number;
      /** without weights: pictures and words can be counted, and nothing can be asked */
      metadataOnly?: boolean;
    },
  ) {
    this.#model = model;
    this.#template = new ChatTemplate(options.text, model.describe().mediaMarker);
    this.#contextTokens = options.contextTokens;
    this.#scale = new PictureScale(model, options.vision, options.limits);
    this.#room = new ContextRoom(options, this.#scale, (messages, pictures, signal) =>
      this.#tokensOf(messages, pictures, signal),
    );
    this.#chat = options.metadataOnly ? undefined : tryNative(() => new addon.Chat(model, options));
  }

  get #running(): NativeChat {
    if (!this.#chat) throw new SnugError('BUG', 'a model without its weights answers nothing');
    return this.#chat;
  }

  get messages(): readonly ChatMessage[] {
    return this.#thread.map((one) => one.message);
  }

  /** Forgets the conversation. */
  reset(): void {
    this.#system = undefined;
    this.#thread = [];
  }

  /** Takes up a conversation where it was left: what the cache still holds of it is not run again. */
  async restore(history: ChatHistory): Promise<void> {
    const thread = await Promise.all(
      history.turns.map(async ({ role, text, pictures }): Promise<PicturedMessage> => ({
        message: { role, text, pictures: pictures.length },
        pictures: await this.#decodeAgain(pictures),
      })),
    );
    const { systemPrompt } = history;
    this.#system = systemPrompt === '' ? undefined : { role: 'system', text: systemPrompt };
    this.#thread = thread;
  }

  /** Pictures at the sizes at which they were sent; without those at their usual ones. */
  async #decodeAgain(pictures: ChatHistory['turns'][number]['pictures']): Promise<Picture[]> {
    if (pictures.every(({ sentAs }) => sentAs !== undefined))
      return this.#decode(
        pictures.map(({ file }) => file),
        pictures.flatMap(({ sentAs }) => sentAs ?? []),
      );
    const sources = pictures.map(({ file }) => file);
    return this.#decode(sources, this.#room.usualSizes(await Promise.all(sources.map(readPictureSize))));
  }

  #decode(sources: readonly (string | Uint8Array)[], sizes: readonly PictureSize[]): Promise<Picture[]> {
    return Promise.all(
      sources.map((source, i) => decodePicture(source, { size: sizes[i] ?? { width: 1, height: 1 } })),
    );
  }

  /** What a question's pictures will take once they are scaled, and what they would take with more detail. */
  async scalePictures(question: PictureQuestion, signal?: AbortSignal): Promise<PictureScaling> {
    if (!this.#model.describe().canSee) throw cannotSee();
    const usual = await this.#read(question);
    const more = await this.#read({ ...question, detail: 'more', sentAs: undefined });
    const scaled = async (asked: AskedQuestion): Promise<ScaledPictures> => {
      const { sizes, dropped } = await this.#room.fit(this.#thread, asked, signal);
      return { pictures: this.#sent(sizes), dropped };
    };
    return { usual: await scaled(usual), more: await scaled(more) };
  }

  #sent(sizes: readonly PictureSize[]): SentPicture[] {
    return sizes.map(({ width, height }) => ({
      width,
      height,
      tokens: this.#scale.tokensInContext({ width, height }),
    }));
  }

  async #read({
    text,
    pictures,
    detail = 'usual',
    sentAs = [],
    keepsAll = false,
  }: PictureQuestion): Promise<AskedQuestion> {
    const originals = await Promise.all(pictures.map(readPictureSize));
    return {
      message: { role: 'user', text, pictures: pictures.length },
      pictures: originals.map((original, i) => ({ original, sentAs: sentAs[i] })),
      detail,
      keepsAll,
    };
  }

  /**
   * Sends a message and streams the answer. Aborting keeps the conversation with what was answered so far; any error before
   * the answer leaves it as it was.
   */
  async send(
    request: SendRequest,
    options: { signal?: AbortSignal | undefined; onEvent?: ((event: ChatEvent) => void) | undefined } = {},
  ): Promise<SentAnswer> {
    const { signal, onEvent } = options;
    if (request.pictures.length > 0 && !this.#model.describe().canSee) throw cannotSee();
    const question = await this.#read(request);
    const { earlier, dropped, sizes } = await this.#room.fit(this.#thread, question, signal);
    const pictures = await this.#decode(request.pictures, sizes);
    throwIfCancelled(signal);
    for (const text of pictures.flatMap((picture) => picture.notes)) onEvent?.({ kind: 'note', text });
    if (dropped > 0) {
      onEvent?.({
        kind: 'note',
        text: `the context is full: ${dropped === 1 ? 'the oldest message is' : `the oldest ${dropped} messages are`} no longer seen`,
      });
    }
    const stop = () => this.#running.abort();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await this.#answer([...earlier, { message: question.message, pictures }], request, options);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async #answer(
    thread: PicturedMessage[],
    request: SendRequest,
    {
      signal,
      onEvent,
    }: { signal?: AbortSignal | undefined; onEvent?: ((event: ChatEvent) => void) | undefined },
  ): Promise<SentAnswer> {
    const images = thread.flatMap((one) => one.pictures);
    const pictures = this.#sent(thread.at(-1)?.pictures ?? []);
    const rendered = await this.#render(
      thread.map((one) => one.message),
      signal,
    );
    throwIfCancelled(signal);
    const prompt = await callNative(
      this.#running.prompt({ text: rendered, images }, ({ done, total, encoding }) =>
        onEvent?.({ kind: encoding ? 'encoding' : 'prompt', done, total }),
      ),
    );
    throwIfCancelled(signal);
    this.#thread = thread;
    const opening = openedThoughts(rendered);
    const answer = await this.#stream(request, opening, (piece) => onEvent?.({ kind: 'text', text: piece }));
    const { text, reason, tokens: answerTokens, seconds: answerSeconds } = answer;
    this.#thread.push({ message: { role: 'assistant', text }, pictures: [] });
    const contextTokens = this.#contextTokens;
    const statistics: ChatStatistics = { ...prompt, answerTokens, answerSeconds, contextTokens };
    return { text, reason, statistics, pictures };
  }

  /** Lets the answer to the prompt come; `opening` stands before its first word. */
  async #stream(
    { maxTokens, temperature, seed, topP, stop = [], ignoreEnd }: SendRequest,
    opening: string,
    tell: (piece: string) => void,
  ): Promise<Pick<SentAnswer, 'text' | 'reason'> & { tokens: number; seconds: number }> {
    let text = '';
    let tokens = 0;
    const decoder = new TextDecoder();
    const stops = new StopTexts(stop);
    const say = (piece: string) => {
      if (piece === '') return;
      const said = text === '' ? opening + piece : piece;
      text += said;
      tell(said);
    };
    const sampling = {
      ...{ maxTokens, temperature, seed },
      ...(topP === undefined ? {} : { topP }),
      ...(ignoreEnd ? { ignoreEnd } : {}),
    };
    const answer = await callNative(
      this.#running.answer(sampling, ({ bytes }) => {
        // those that were on their way when the answer was told to stop
        if (stops.isStopped) return;
        tokens++;
        say(stops.push(decoder.decode(bytes, { stream: true })));
        if (stops.isStopped) this.#running.abort();
      }),
    );
    say(stops.push(decoder.decode()));
    say(stops.rest());
    const { isStopped } = stops;
    return { ...answer, text, ...(isStopped ? { reason: 'end', tokens } : {}) };
  }

  #withSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
    return this.#system ? [this.#system, ...messages] : messages;
  }

  #render(messages: readonly ChatMessage[], signal: AbortSignal | undefined): Promise<string> {
    return this.#template.render(this.#withSystem(messages), { forAnswer: true, signal });
  }

  /** Infinity for more text than can fit. */
  async #tokensOf(
    messages: readonly ChatMessage[],
    pictures: readonly PictureSize[],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const most = this.#contextTokens * MOST_CHARACTERS_PER_TOKEN;
    const typed = this.#withSystem(messages).reduce((sum, { text }) => sum + text.length, 0);
    if (typed > most) return Infinity;
    const rendered = await this.#render(messages, signal);
    if (rendered.length > most) return Infinity;
    const images = pictures.map(({ width, height }) => ({ width, height }));
    const pieces = tryNative(() => this.#model.layout({ text: rendered, images }));
    return pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  }

  [Symbol.dispose](): void {
    this.#template[Symbol.dispose]();
    this.#chat?.close();
  }
}

function cannotSee(): SnugError {
  return new SnugError('CANNOT_SEE', 'this model has no vision file, so it can’t take pictures', {
    advice: 'Give it its vision file (mmproj), or choose a model that has one.',
    remedies: [{ kind: 'add-vision-file' }, { kind: 'choose-model' }],
  });
}
