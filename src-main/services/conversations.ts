import type { EventBus } from '../api/event-bus.ts';
import type {
  ChatOptions,
  Conversation,
  ConversationService,
  ConversationSummary,
  SearchHit,
} from '../contract/conversation.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import { toMarkdown } from './export-markdown.ts';
import type { StoredSettings } from './settings.ts';

export const NEW_TITLE = 'New chat';

/** Conversations as they are kept. */
export class Conversations implements ConversationService {
  readonly #repository: ConversationRepository;
  readonly #settings: StoredSettings;
  readonly #events: EventBus;
  /** the model a new conversation starts with when none is named */
  readonly #defaultModel: () => string | undefined;

  constructor(
    repository: ConversationRepository,
    settings: StoredSettings,
    events: EventBus,
    defaultModel: () => string | undefined,
  ) {
    this.#repository = repository;
    this.#settings = settings;
    this.#events = events;
    this.#defaultModel = defaultModel;
  }

  list(): Promise<readonly ConversationSummary[]> {
    return Promise.resolve(this.#repository.list());
  }

  get({ id }: { id: string }): Promise<Conversation> {
    return Promise.resolve(this.#repository.get(id));
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
    this.changed();
    return this.get({ id });
  }

  setOptions({ id, options }: { id: string; options: ChatOptions }): Promise<Conversation> {
    this.#repository.setOptions(id, options);
    return this.get({ id });
  }

  remove({ id }: { id: string }): Promise<void> {
    this.#repository.remove(id);
    this.changed();
    return Promise.resolve();
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
