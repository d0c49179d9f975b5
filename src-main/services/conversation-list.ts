import type { ConversationRepository } from '../store/conversations.ts';
import type { EventBus } from './event-bus.ts';

export const NEW_TITLE = 'New chat';

/** The list of conversations that every window shows. */
export class ConversationList {
  readonly #repository: ConversationRepository;
  readonly #events: EventBus;

  constructor(repository: ConversationRepository, events: EventBus) {
    this.#repository = repository;
    this.#events = events;
  }

  /** Tells every window that the list is another. */
  changed(): void {
    this.#events.emit('conversations.changed', this.#repository.list());
  }

  /** Names a conversation that has no name yet. */
  entitle(id: string, title: string | undefined): void {
    if (title === undefined || this.#repository.get(id).title !== NEW_TITLE) return;
    this.#repository.rename(id, title);
  }
}
