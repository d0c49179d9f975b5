import type { ChatEvent, OpenChatRequest } from '../contract/chat.ts';
import type { Conversation, PictureCost } from '../contract/conversation.ts';
import { isCancelled, throwIfCancelled } from '../contract/errors.ts';
import type { LoadedModel, ModelInUse } from './loaded-model.ts';
import type { PicturePace } from './picture-pace.ts';
import { SharedWork, Turns } from './turns.ts';

interface Asked {
  readonly conversation: Conversation;
  readonly pictures: readonly string[];
}

/** What pictures will cost before they are sent. An answer goes first: a cost waits for it, or is not told. */
export class PictureCosts {
  readonly #model: LoadedModel;
  readonly #pace: PicturePace;
  readonly #requestFor: (conversation: Conversation) => Promise<OpenChatRequest>;
  readonly #pathOf: (hash: string) => string;
  /** whether this conversation's model may be loaded now */
  readonly #mayLoad: (conversationId: string) => boolean;
  readonly #onLoading: (conversationId: string, event: ChatEvent | undefined) => void;
  readonly #shared = new SharedWork<readonly PictureCost[]>();
  readonly #turns = new Turns();
  readonly #running = new Set<{ readonly conversationId: string; readonly abort: AbortController }>();

  constructor(options: {
    model: LoadedModel;
    pace: PicturePace;
    requestFor: (conversation: Conversation) => Promise<OpenChatRequest>;
    pathOf: (hash: string) => string;
    mayLoad: (conversationId: string) => boolean;
    /** hears how loading goes on, and nothing once it has ended */
    onLoading: (conversationId: string, event: ChatEvent | undefined) => void;
  }) {
    this.#model = options.model;
    this.#pace = options.pace;
    this.#requestFor = options.requestFor;
    this.#pathOf = options.pathOf;
    this.#mayLoad = options.mayLoad;
    this.#onLoading = options.onLoading;
  }

  /** Costs of each picture; none when another conversation has the model. */
  of(asked: Asked): Promise<readonly PictureCost[]> {
    const { id, modelId, options } = asked.conversation;
    const key = JSON.stringify([id, modelId, options, asked.pictures]);
    return this.#shared.run(key, () => this.#unlessInTheWay(asked));
  }

  /** Ends what would keep an answer waiting: all costs but those of the answer's own conversation. */
  giveWay(conversationId?: string): void {
    for (const one of this.#running) if (one.conversationId !== conversationId) one.abort.abort();
  }

  async #unlessInTheWay(asked: Asked): Promise<readonly PictureCost[]> {
    const conversationId = asked.conversation.id;
    if (!this.#mayLoad(conversationId)) return [];
    const running = { conversationId, abort: new AbortController() };
    this.#running.add(running);
    const { signal } = running.abort;
    try {
      // one at a time also in the model's row, so that an answer waits for one at most
      return await this.#turns.take(
        () => this.#model.use((model) => this.#cost(model, asked, signal), signal),
        signal,
      );
    } catch (error) {
      if (signal.aborted && isCancelled(error)) return [];
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  async #cost(
    model: ModelInUse,
    { conversation, pictures }: Asked,
    signal: AbortSignal,
  ): Promise<readonly PictureCost[]> {
    const { id } = conversation;
    // it may have begun to answer, or another one, while this waited
    if (!this.#mayLoad(id)) return [];
    const request = await this.#requestFor(conversation);
    const contextTokens = await this.#open(model, request, id, signal);
    const costs: PictureCost[] = [];
    for (const hash of pictures) {
      throwIfCancelled(signal);
      const tokens = await model.pictureTokens(this.#pathOf(hash));
      const seconds = this.#pace.seconds(request.modelPath, tokens);
      costs.push({ hash, tokens, contextShare: tokens / contextTokens, seconds });
    }
    return costs;
  }

  async #open(
    model: ModelInUse,
    request: OpenChatRequest,
    conversationId: string,
    signal: AbortSignal,
  ): Promise<number> {
    const onEvent = (event: ChatEvent) => this.#onLoading(conversationId, event);
    try {
      return (await model.open(request, { signal, onEvent })).contextTokens;
    } finally {
      this.#onLoading(conversationId, undefined);
    }
  }
}
