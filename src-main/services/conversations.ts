import type { EventBus } from './event-bus.ts';
import type {
  ChatOptions,
  Conversation,
  ConversationService,
  ConversationSummary,
  Message,
  SearchHit,
} from '../contract/conversation.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import { toMarkdown } from './export-markdown.ts';
import type { StoredSettings } from './settings.ts';

/** What is going on in a conversation. */
interface RunningChat {
  /** messages on their way to take the place of others, not kept yet */
  unkept(conversationId: string): readonly Message[];
  stop(argument: { conversationId: string }): Promise<void>;
  /** a conversation has this model now: another need not stay in memory */
  chosen(modelId: string): Promise<void>;
}

export const NEW_TITLE = 'New chat';

/** Conversations as they are kept. */
export class Conversations implements ConversationService {
  readonly #repository: ConversationRepository;
  readonly #settings: StoredSettings;
  readonly #events: EventBus;
  /** the model a new conversation starts with when none is named */
  readonly #defaultModel: () => string | undefined;
  readonly #chat: RunningChat;

  constructor(options: {
    repository: ConversationRepository;
    settings: StoredSettings;
    events: EventBus;
    defaultModel: () => string | undefined;
    chat: RunningChat;
  }) {
    this.#repository = options.repository;
    this.#settings = options.settings;
    this.#events = options.events;
    this.#defaultModel = options.defaultModel;
    this.#chat = options.chat;
  }

  list(): Promise<readonly ConversationSummary[]> {
    return Promise.resolve(this.#repository.list());
  }

  get({ id }: { id: string }): Promise<Conversation> {
    const conversation = this.#repository.get(id);
    return Promise.resolve({ ...conversation, thread: [...conversation.thread, ...this.#chat.unkept(id)] });
  }

  create({ modelId }: { modelId?: string | undefined }): Promise<Conversation> {
    const { systemPrompt, temperature, contextTokens, maxTokens } = this.#settings.current;
    const options: ChatOptions = {
      systemPrompt,
      temperature,
      contextTokens,
      maxTokens,
      imageMaxTokens: null,
    };
    const made = this.#repository.create({
      modelId: modelId ?? this.#defaultModel() ?? null,
      options,
      title: NEW_TITLE,
    });
    this.changed();
    return Promise.resolve(made);
  }

  rename({ id, title }: { id: string; title: string }): Promise<ConversationSummary> {
    this.#repository.rename(id, title);
    return this.#summary(id);
  }

  setModel({ id, modelId }: { id: string; modelId: string }): Promise<Conversation> {
    this.#repository.setModel(id, modelId);
    // where it cannot go now it goes when another is loaded, or after a while
    void this.#chat.chosen(modelId).catch(() => undefined);
    this.changed();
    return this.get({ id });
  }

  setOptions({ id, options }: { id: string; options: ChatOptions }): Promise<Conversation> {
    this.#repository.setOptions(id, options);
    this.#events.emit('conversations.options', { id, options });
    return this.get({ id });
  }

  async remove({ id }: { id: string }): Promise<void> {
    // nobody would see what is still to come
    await this.#chat.stop({ conversationId: id });
    this.#repository.remove(id);
    this.changed();
  }

  restore({ id }: { id: string }): Promise<ConversationSummary> {
    this.#repository.restore(id);
    return this.#summary(id);
  }

  search({ query }: { query: string }): Promise<readonly SearchHit[]> {
    return Promise.resolve(this.#repository.search(query));
  }

  export({
    id,
    format,
  }: {
    id: string;
    format: 'markdown' | 'json';
  }): Promise<{ fileName: string; content: string }> {
    const conversation = this.#repository.get(id);
    const stem =
      conversation.title
        .replace(/[^\p{L}\p{N} _-]+/gu, '')
        .trim()
        .slice(0, 60) || 'chat';
    return Promise.resolve(
      format === 'json'
        ? { fileName: `${stem}.json`, content: `${JSON.stringify(conversation, null, 2)}\n` }
        : { fileName: `${stem}.md`, content: toMarkdown(conversation) },
    );
  }

  /** Tells every window that the list is another. */
  changed(): void {
    this.#events.emit('conversations.changed', this.#repository.list());
  }

  async #summary(id: string): Promise<ConversationSummary> {
    this.changed();
    const { options: _, thread: __, ...summary } = await this.get({ id });
    return summary;
  }
}
