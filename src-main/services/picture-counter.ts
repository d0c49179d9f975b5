import type { ScaledPictures } from '../contract/chat.ts';
import type { Conversation, PictureCost, PictureCosts } from '../contract/conversation.ts';
import { isCancelled } from '../contract/errors.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import type { PictureRepository } from '../store/pictures.ts';
import type { Activity } from './activity.ts';
import type { CurrentAnswer } from './current-answer.ts';
import type { LoadedModel, ModelInUse } from './loaded-model.ts';
import { sentSizes, stateKey, type ModelRequests } from './model-requests.ts';
import type { PicturePace } from './picture-pace.ts';
import { SharedWork } from './shared-work.ts';
import { TaskQueue } from './task-queue.ts';

interface Asked {
  readonly conversation: Conversation;
  readonly text: string;
  readonly pictures: readonly string[];
  /** the question whose place it is to take */
  readonly editing?: string | undefined;
}

/** What pictures will cost before they are sent. An answer goes first: a cost waits for it, or is not told. */
export class PictureCounter {
  readonly #model: LoadedModel;
  readonly #pace: PicturePace;
  readonly #requests: ModelRequests;
  readonly #conversations: ConversationRepository;
  readonly #pictures: PictureRepository;
  readonly #activity: Activity;
  readonly #current: CurrentAnswer;
  readonly #shared = new SharedWork<PictureCosts | null>();
  readonly #queue = new TaskQueue();
  readonly #running = new Set<{ readonly conversationId: string; readonly abort: AbortController }>();

  constructor(options: {
    model: LoadedModel;
    pace: PicturePace;
    requests: ModelRequests;
    conversations: ConversationRepository;
    pictures: PictureRepository;
    activity: Activity;
    current: CurrentAnswer;
  }) {
    this.#model = options.model;
    this.#pace = options.pace;
    this.#requests = options.requests;
    this.#conversations = options.conversations;
    this.#pictures = options.pictures;
    this.#activity = options.activity;
    this.#current = options.current;
  }

  /** Whether this conversation's model may be loaded now. */
  #mayLoad(conversationId: string): boolean {
    const { conversationId: answers = conversationId } = this.#current;
    return answers === conversationId && !this.#activity.isUsed('sideBySide');
  }

  /** What the pictures cost; null when another conversation has the model. */
  async of(asked: Asked): Promise<PictureCosts | null> {
    const { id, modelId, options } = asked.conversation;
    const key = JSON.stringify([id, modelId, options, asked.text, asked.pictures, asked.editing]);
    return this.#shared.run(key, () => this.#unlessInTheWay(asked));
  }

  /** Ends what would keep an answer waiting: all costs but those of the answer's own conversation. */
  giveWay(conversationId?: string): void {
    for (const one of this.#running) if (one.conversationId !== conversationId) one.abort.abort();
  }

  async #unlessInTheWay(asked: Asked): Promise<PictureCosts | null> {
    const conversationId = asked.conversation.id;
    if (!this.#mayLoad(conversationId)) return null;
    const running = { conversationId, abort: new AbortController() };
    this.#running.add(running);
    const { signal } = running.abort;
    try {
      // one at a time also in the model's row, so that an answer waits for one at most
      return await this.#queue.run(
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
  ): Promise<PictureCosts | null> {
    // it may have begun to answer, or another one, while this waited
    if (!this.#mayLoad(asked.id)) return null;
    const conversation = this.#conversations.get(asked.id);
    const request = await this.#requests.open(conversation);
    // not loaded for this: the first answer does that, in sight of whoever asked
    const { contextTokens } = await model.openToCount(request, { signal });
    // the room that is left depends on what was said before
    const edited = conversation.thread.findIndex(({ id }) => id === editing);
    const before = conversation.thread.slice(0, edited === -1 ? undefined : edited);
    await model.remember(stateKey(conversation, before), () => this.#requests.history(conversation, before));
    const old = conversation.thread[edited];
    const { usual, more } = await model.scalePictures({
      text,
      pictures: pictures.map((hash) => this.#pictures.path(hash)),
      sentAs: old && sentSizes(conversation, conversation.thread, old, pictures),
    });
    const costOf = (scaled: ScaledPictures): PictureCost => {
      const tokens = sumOfTokens(scaled);
      return {
        pictures: scaled.pictures.map((picture, i) => ({ hash: pictures[i] ?? '', tokens: picture.tokens })),
        tokens,
        contextShare: tokens / contextTokens,
        seconds: this.#pace.seconds(request.modelPath, tokens),
        dropped: scaled.dropped,
      };
    };
    const isMore = sumOfTokens(more) > sumOfTokens(usual);
    return { usual: costOf(usual), more: isMore ? costOf(more) : null };
  }
}

function sumOfTokens({ pictures }: ScaledPictures): number {
  return pictures.reduce((sum, { tokens }) => sum + tokens, 0);
}
