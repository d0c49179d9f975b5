import type { ChatHistory, OpenChatRequest, PlannedPictures } from '../contract/chat.ts';
import type { Conversation, Message, PictureCost, PictureCosts as Costs } from '../contract/conversation.ts';
import { isCancelled } from '../contract/errors.ts';
import type { LoadedModel, ModelInUse } from './loaded-model.ts';
import { sentSizes, stateKey } from './model-requests.ts';
import type { PicturePace } from './picture-pace.ts';
import { SharedWork, Turns } from './turns.ts';

type HistoryOf = (conversation: Conversation, thread: readonly Message[]) => ChatHistory;

interface Asked {
  readonly conversation: Conversation;
  readonly text: string;
  readonly pictures: readonly string[];
  /** the question whose place it is to take */
  readonly editing?: string | undefined;
}

/** What pictures will cost before they are sent. An answer goes first: a cost waits for it, or is not told. */
export class PictureCosts {
  readonly #model: LoadedModel;
  readonly #pace: PicturePace;
  readonly #requestFor: (conversation: Conversation) => Promise<OpenChatRequest>;
  readonly #conversationNow: (id: string) => Conversation;
  readonly #historyOf: HistoryOf;
  readonly #pathOf: (hash: string) => string;
  /** whether this conversation's model may be loaded now */
  readonly #mayLoad: (conversationId: string) => boolean;
  readonly #shared = new SharedWork<Costs | null>();
  readonly #turns = new Turns();
  readonly #running = new Set<{ readonly conversationId: string; readonly abort: AbortController }>();

  constructor(options: {
    model: LoadedModel;
    pace: PicturePace;
    requestFor: (conversation: Conversation) => Promise<OpenChatRequest>;
    conversationNow: (id: string) => Conversation;
    historyOf: HistoryOf;
    pathOf: (hash: string) => string;
    mayLoad: (conversationId: string) => boolean;
  }) {
    this.#model = options.model;
    this.#pace = options.pace;
    this.#requestFor = options.requestFor;
    this.#conversationNow = options.conversationNow;
    this.#historyOf = options.historyOf;
    this.#pathOf = options.pathOf;
    this.#mayLoad = options.mayLoad;
  }

  /** What the pictures cost; null when another conversation has the model. */
  of(asked: Asked): Promise<Costs | null> {
    const { id, modelId, options } = asked.conversation;
    const key = JSON.stringify([id, modelId, options, asked.text, asked.pictures, asked.editing]);
    return this.#shared.run(key, () => this.#unlessInTheWay(asked));
  }

  /** Ends what would keep an answer waiting: all costs but those of the answer's own conversation. */
  giveWay(conversationId?: string): void {
    for (const one of this.#running) if (one.conversationId !== conversationId) one.abort.abort();
  }

  async #unlessInTheWay(asked: Asked): Promise<Costs | null> {
    const conversationId = asked.conversation.id;
    if (!this.#mayLoad(conversationId)) return null;
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
      if (signal.aborted && isCancelled(error)) return null;
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  async #cost(
    model: ModelInUse,
    { conversation: asked, text, pictures, editing }: Asked,
    signal: AbortSignal,
  ): Promise<Costs | null> {
    // it may have begun to answer, or another one, while this waited
    if (!this.#mayLoad(asked.id)) return null;
    const conversation = this.#conversationNow(asked.id);
    const request = await this.#requestFor(conversation);
    // not loaded for this: the first answer does that, in sight of whoever asked
    const { contextTokens } = await model.openToCount(request, { signal });
    // the room that is left depends on what was said before
    const edited = conversation.thread.findIndex(({ id }) => id === editing);
    const before = conversation.thread.slice(0, edited === -1 ? undefined : edited);
    await model.remember(stateKey(conversation, before), () => this.#historyOf(conversation, before));
    const old = conversation.thread[edited];
    const { usual, more } = await model.plan({
      text,
      pictures: pictures.map((hash) => this.#pathOf(hash)),
      sentAs: old && sentSizes(conversation, conversation.thread, old, pictures),
    });
    const costOf = (planned: PlannedPictures): PictureCost => {
      const tokens = sumOfTokens(planned);
      return {
        pictures: planned.pictures.map((picture, i) => ({ hash: pictures[i] ?? '', tokens: picture.tokens })),
        tokens,
        contextShare: tokens / contextTokens,
        seconds: this.#pace.seconds(request.modelPath, tokens),
        dropped: planned.dropped,
      };
    };
    const isMore = sumOfTokens(more) > sumOfTokens(usual);
    return { usual: costOf(usual), more: isMore ? costOf(more) : null };
  }
}

function sumOfTokens({ pictures }: PlannedPictures): number {
  return pictures.reduce((sum, { tokens }) => sum + tokens, 0);
}
