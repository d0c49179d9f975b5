import type { ApiEvent } from '../../../src-main/contract/api.ts';
import type {
  ChatActivity,
  ChatOptions,
  Conversation,
  ConversationSummary,
  Message,
} from '../../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData, type ErrorWords } from '../../../src-main/contract/errors.ts';
import type { Bridge } from '../../bridge/bridge.ts';
import { announcementOf, keptWords } from '../../text/message-words.ts';
import { neverBegan, withMessage, withTail } from './thread-merge.ts';

/** Runs something before the next frame is drawn. A stand-in replaces it in tests. */
export type OnFrame = (run: () => void) => void;

/** Below this an answer has no room left. */
const SMALLEST_CONTEXT = 512;

/** The open conversation: its messages as they come, and what can be asked of it. */
export class Thread {
  readonly #bridge: Bridge;
  readonly #onFrame: OnFrame;
  /** messages that came since the last frame; an answer grows faster than a screen draws */
  readonly #arrived = new Map<string, Message>();
  /** messages that came as events since the last call was made */
  readonly #heard = new Map<string, Message>();
  #frameAsked = false;
  #opening = 0;

  id: string | null = $state(null);
  conversation: Conversation | null = $state.raw(null);
  messages: readonly Message[] = $state.raw([]);
  activity: ChatActivity | null = $state.raw(null);
  loading: boolean = $state(false);
  failure: ErrorData | null = $state.raw(null);
  /** it was there, and is not any more */
  deleted: boolean = $state(false);
  /** what went wrong with the last thing asked for, until the next one */
  problem: ErrorWords | null = $state.raw(null);
  /** a question is on its way and has no answer in the thread yet */
  asking: boolean = $state(false);
  /** said to screen readers once an answer has ended */
  announcement: string = $state('');
  /** the message a search hit leads to */
  wanted: string | null = $state(null);

  constructor(bridge: Bridge, onFrame: OnFrame) {
    this.#bridge = bridge;
    this.#onFrame = onFrame;
  }

  get answering(): boolean {
    return this.asking || this.messages.at(-1)?.state === 'streaming';
  }

  get lastQuestion(): Message | undefined {
    return this.messages.findLast((message) => message.role === 'user');
  }

  /** Tokens in use of the context after the last answer, and how many there are. */
  get context(): { readonly used: number; readonly total: number } | null {
    const statistics = this.messages.findLast((message) => message.statistics !== null)?.statistics;
    if (!statistics) return null;
    return { used: statistics.promptTokens + statistics.answerTokens, total: statistics.contextTokens };
  }

  async open(id: string | null): Promise<void> {
    if (id === this.id && (this.conversation !== null || this.loading)) return;
    await this.#read(id);
  }

  /** Reads the conversation again, e.g. after the connection was lost. */
  async reload(): Promise<void> {
    await this.#read(this.id);
  }

  async #read(id: string | null): Promise<void> {
    const opening = ++this.#opening;
    const other = id !== this.id;
    this.id = id;
    this.failure = null;
    this.deleted = false;
    if (other) this.#clear();
    if (id === null) {
      this.loading = false;
      return;
    }
    this.loading = true;
    this.#heard.clear();
    try {
      const conversation = await this.#bridge.api.conversations.get({ id });
      if (opening !== this.#opening) return;
      this.#take(conversation);
      this.messages = [...this.#heard.values()].reduce(withMessage, conversation.thread);
    } catch (error) {
      if (opening !== this.#opening) return;
      const failure = toErrorData(error);
      if (failure.code === 'NOT_FOUND') this.deleted = true;
      else this.failure = failure;
    } finally {
      if (opening === this.#opening) this.loading = false;
    }
  }

  #clear(): void {
    this.conversation = null;
    this.messages = [];
    this.activity = null;
    this.problem = null;
    this.asking = false;
    this.announcement = '';
    this.#arrived.clear();
  }

  #take(conversation: Conversation): void {
    // the thread lives in `messages`; a second copy of it would grow old
    this.conversation = { ...conversation, thread: [] };
  }

  hear(event: ApiEvent): void {
    if (event.name === 'chat.activity' && event.data.conversationId === this.id) {
      this.activity = event.data.stage === 'idle' ? null : event.data;
    }
    if (event.name === 'chat.message' && event.data.conversationId === this.id) this.#arrive(event.data);
    if (event.name === 'conversations.changed') this.#listed(event.data);
    if (event.name === 'conversations.options' && event.data.id === this.id && this.conversation) {
      this.conversation = { ...this.conversation, options: event.data.options };
    }
  }

  /** Every window is told of the list: what is no longer in it was deleted, perhaps in another window, and may come back. */
  #listed(list: readonly ConversationSummary[]): void {
    const summary = list.find((one) => one.id === this.id);
    if (summary && this.conversation) this.conversation = { ...this.conversation, ...summary };
    if (summary && this.deleted) void this.reload();
    this.deleted = summary === undefined && this.conversation !== null;
  }

  #arrive(message: Message): void {
    this.#heard.set(message.id, message);
    this.#arrived.set(message.id, message);
    if (this.#frameAsked) return;
    this.#frameAsked = true;
    this.#onFrame(() => {
      this.#frameAsked = false;
      this.#show();
    });
  }

  #show(): void {
    // while the thread is read its answer is the base; `#heard` is laid over it then
    if (this.loading && this.conversation === null) return;
    for (const message of this.#arrived.values()) {
      const before = this.messages.findLast((one) => one.id === message.id);
      // asked in another window: the same words once more are said once more
      if (message.state === 'streaming' && !before) this.announcement = '';
      const ended = message.role === 'assistant' && message.state !== 'streaming';
      if (ended && before?.state !== message.state) {
        this.announcement = announcementOf(message);
        this.activity = null;
        if (neverBegan(message) && message.state !== 'stopped') this.problem = keptWords(message);
      }
      this.messages = withMessage(this.messages, message);
    }
    this.#arrived.clear();
  }

  /** True when the question has its place in the thread. */
  async send(text: string, pictures: readonly string[], moreDetail = false): Promise<boolean> {
    const id = this.id;
    if (id === null) return false;
    return this.#ask(async () => {
      const asked = { conversationId: id, text, pictures, ...(moreDetail ? { moreDetail } : {}) };
      const { question, answer } = await this.#bridge.api.chat.send(asked);
      return [question, answer];
    });
  }

  async edit(
    messageId: string,
    text: string,
    pictures: readonly string[],
    moreDetail = false,
  ): Promise<boolean> {
    return this.#ask(async () => {
      const asked = { messageId, text, pictures, ...(moreDetail ? { moreDetail } : {}) };
      const { question, answer } = await this.#bridge.api.chat.edit(asked);
      return [question, answer];
    });
  }

  /** Answers the last question again. */
  async regenerate(messageId: string): Promise<boolean> {
    return this.#ask(async () => [await this.#bridge.api.chat.regenerate({ messageId })]);
  }

  /** For an answer that memory ran out for: half the context takes half the KV cache. */
  async regenerateSmaller(messageId: string): Promise<boolean> {
    const options = this.conversation?.options;
    const contextTokens = this.smallerContext;
    if (!options || contextTokens === null) return this.regenerate(messageId);
    if (!(await this.setOptions({ ...options, contextTokens }))) return false;
    return this.regenerate(messageId);
  }

  get smallerContext(): number | null {
    const half = Math.floor((this.conversation?.options.contextTokens ?? 0) / 2);
    return half < SMALLEST_CONTEXT ? null : half;
  }

  async stop(): Promise<void> {
    const id = this.id;
    if (id === null || !this.answering) return;
    await this.#try(async () => this.#bridge.api.chat.stop({ conversationId: id }));
  }

  async setModel(modelId: string): Promise<boolean> {
    const id = this.id;
    if (id === null) return false;
    return this.#try(async () => this.#take(await this.#bridge.api.conversations.setModel({ id, modelId })));
  }

  async setOptions(options: ChatOptions): Promise<boolean> {
    const id = this.id;
    if (id === null) return false;
    return this.#try(async () =>
      this.#take(await this.#bridge.api.conversations.setOptions({ id, options })),
    );
  }

  async #ask(call: () => Promise<readonly Message[]>): Promise<boolean> {
    if (this.answering) return false;
    const id = this.id;
    this.asking = true;
    this.announcement = '';
    this.#heard.clear();
    return this.#try(async () => {
      try {
        const tail = await call();
        if (this.id === id) this.messages = withTail(this.messages, tail, this.#heard);
      } finally {
        if (this.id === id) this.asking = false;
      }
    });
  }

  async #try(action: () => Promise<void>): Promise<boolean> {
    const id = this.id;
    this.problem = null;
    try {
      await action();
      return true;
    } catch (error) {
      const data = toErrorData(error);
      if (this.id === id && data.code !== 'CANCELLED') this.problem = data;
      return false;
    }
  }
}
