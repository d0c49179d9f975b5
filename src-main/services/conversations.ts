import type { EventBus } from './event-bus.ts';
import type { Activity } from './activity.ts';
import { NEW_TITLE, type ConversationList } from './conversation-list.ts';
import type { CurrentAnswer } from './current-answer.ts';
import type {
  ChatOptions,
  Conversation,
  ConversationService,
  ConversationSummary,
  SearchHit,
} from '../contract/conversation.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import { toMarkdown } from './export-markdown.ts';
import type { Library } from './library.ts';
import type { StoredSettings } from './settings.ts';

/** Conversations as they are kept. */
export class Conversations implements ConversationService {
  readonly #repository: ConversationRepository;
  readonly #settings: StoredSettings;
  readonly #events: EventBus;
  readonly #list: ConversationList;
  readonly #current: CurrentAnswer;
  readonly #activity: Activity;
  readonly #library: Pick<Library, 'usable' | 'newestUsable'>;

  constructor(options: {
    repository: ConversationRepository;
    settings: StoredSettings;
    events: EventBus;
    list: ConversationList;
    current: CurrentAnswer;
    activity: Activity;
    library: Pick<Library, 'usable' | 'newestUsable'>;
  }) {
    this.#repository = options.repository;
    this.#settings = options.settings;
    this.#events = options.events;
    this.#list = options.list;
    this.#current = options.current;
    this.#activity = options.activity;
    this.#library = options.library;
  }

  async list(): Promise<readonly ConversationSummary[]> {
    return this.#repository.list();
  }

  async get({ id }: { id: string }): Promise<Conversation> {
    const conversation = this.#repository.get(id);
    return { ...conversation, thread: [...conversation.thread, ...this.#current.unkept(id)] };
  }

  async create({ modelId }: { modelId?: string | undefined }): Promise<Conversation> {
    const { systemPrompt, temperature, contextTokens, maxTokens } = this.#settings.current;
    const options: ChatOptions = {
      systemPrompt,
      temperature,
      contextTokens,
      maxTokens,
      imageMaxTokens: null,
    };
    const made = this.#repository.create({
      modelId: modelId ?? this.#library.newestUsable() ?? null,
      options,
      title: NEW_TITLE,
    });
    this.#list.changed();
    return made;
  }

  async rename({ id, title }: { id: string; title: string }): Promise<ConversationSummary> {
    this.#repository.rename(id, title);
    return this.#summary(id);
  }

  async setModel({ id, modelId }: { id: string; modelId: string }): Promise<Conversation> {
    this.#repository.setModel(id, modelId);
    // where it cannot go now it goes when another is loaded, or after a while
    void this.#freeOthers(modelId).catch(() => undefined);
    this.#list.changed();
    return this.get({ id });
  }

  async setOptions({ id, options }: { id: string; options: ChatOptions }): Promise<Conversation> {
    this.#repository.setOptions(id, options);
    this.#events.emit('conversations.options', { id, options });
    return this.get({ id });
  }

  async remove({ id }: { id: string }): Promise<void> {
    // nobody would see what is still to come
    await this.#current.stop(id);
    this.#repository.remove(id);
    this.#list.changed();
  }

  async restore({ id }: { id: string }): Promise<ConversationSummary> {
    this.#repository.restore(id);
    return this.#summary(id);
  }

  async search({ query }: { query: string }): Promise<readonly SearchHit[]> {
    return this.#repository.search(query);
  }

  async export({
    id,
    format,
  }: Parameters<ConversationService['export']>[0]): Promise<{ fileName: string; content: string }> {
    const conversation = this.#repository.get(id);
    const stem =
      conversation.title
        .replace(/[^\p{L}\p{N} _-]+/gu, '')
        .trim()
        .slice(0, 60) || 'chat';
    return format === 'json'
      ? { fileName: `${stem}.json`, content: `${JSON.stringify(conversation, null, 2)}\n` }
      : { fileName: `${stem}.md`, content: toMarkdown(conversation) };
  }

  /** Takes the model out of memory unless it is this one: nobody asks it here any more. An answer is not disturbed. */
  async #freeOthers(modelId: string): Promise<void> {
    const { loaded } = this.#activity;
    if (!loaded || loaded.path === this.#library.usable(modelId).path) return;
    const kinds = ['answer', 'serving', 'sideBySide'] as const;
    if (!kinds.some((kind) => this.#activity.isUsed(kind))) await this.#activity.freeMemory();
  }

  async #summary(id: string): Promise<ConversationSummary> {
    this.#list.changed();
    const { options: _, thread: __, ...summary } = await this.get({ id });
    return summary;
  }
}
