import type { Message } from '../../src-main/contract/conversation.ts';
import type { Bridge } from '../bridge.ts';
import { Draft } from './draft.svelte.ts';
import type { Thread } from './thread.svelte.ts';

/** Where questions are written: a draft for every conversation, sent to the open one. */
export class Composer {
  readonly #bridge: Bridge;
  readonly #thread: Thread;
  readonly #drafts = new Map<string, Draft>();

  constructor(bridge: Bridge, thread: Thread) {
    this.#bridge = bridge;
    this.#thread = thread;
  }

  /** The open conversation's draft. */
  get draft(): Draft {
    return this.draftOf(this.#thread.id ?? '');
  }

  draftOf(conversationId: string): Draft {
    const known = this.#drafts.get(conversationId);
    if (known) return known;
    const draft = new Draft(this.#bridge, async (pictures) =>
      this.#bridge.api.chat.pictureCosts({ conversationId, pictures }),
    );
    this.#drafts.set(conversationId, draft);
    return draft;
  }

  forget(conversationId: string): void {
    this.#drafts.delete(conversationId);
  }

  /** Sends what is written, or the edited question anew. Nothing happens while there is nothing to send or an answer comes. */
  async send(): Promise<void> {
    const draft = this.draft;
    if (!draft.ready || this.#thread.answering) return;
    if (draft.editing !== null) {
      const id = draft.editing;
      const text = draft.text;
      draft.stopEditing();
      if (!(await this.#thread.edit(id, text))) draft.startEditing(id, text);
      return;
    }
    const pictures = draft.hashes;
    const taken = draft.take();
    if (!(await this.#thread.send(taken.text, pictures))) draft.giveBack(taken);
  }

  edit(question: Message): void {
    if (!this.#thread.answering) this.draft.startEditing(question.id, question.text);
  }

  /** ↑ in an empty composer; false when there is no question to edit. */
  editLast(): boolean {
    const question = this.#thread.lastQuestion;
    if (!question || this.draft.text !== '' || this.#thread.answering) return false;
    this.edit(question);
    return true;
  }
}
