import type { ApiEvent } from '../../src-main/contract/api.ts';
import type { Message } from '../../src-main/contract/conversation.ts';
import type { Bridge } from '../bridge.ts';
import { Draft } from './draft.svelte.ts';
import { hasBegun, neverBegan } from './thread-merge.ts';
import type { Thread } from './thread.svelte.ts';

/** Where questions are written: a draft for every conversation, sent to the open one. */
export class Composer {
  readonly #bridge: Bridge;
  readonly #thread: Thread;
  readonly #drafts = new Map<string, Draft>();
  /** edited questions that were sent and are not kept yet, by the question whose place they are to take */
  readonly #edited = new Map<string, { readonly conversationId: string; readonly text: string }>();

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
      this.#edited.set(id, { conversationId: this.#thread.id ?? '', text });
      if (!(await this.#thread.edit(id, text))) this.#giveBack(id);
      return;
    }
    const pictures = draft.hashes;
    const taken = draft.take();
    if (!(await this.#thread.send(taken.text, pictures))) draft.giveBack(taken);
  }

  /** An edited question whose answer never began comes back to be sent again. */
  hear(event: ApiEvent): void {
    if (event.name !== 'chat.message' || event.data.replaces === undefined) return;
    if (hasBegun(event.data)) this.#edited.delete(event.data.replaces);
    else if (neverBegan(event.data)) this.#giveBack(event.data.replaces);
  }

  /** The connection is back: whether edited questions are still on their way was not heard meanwhile. */
  async reconnected(): Promise<void> {
    for (const [id, { conversationId }] of this.#edited) {
      const { thread } = await this.#bridge.api.conversations.get({ id: conversationId });
      const comes = thread.some(({ replaces }) => replaces === id);
      if (comes) continue;
      if (thread.some((message) => message.id === id)) this.#giveBack(id);
      else this.#edited.delete(id);
    }
  }

  #giveBack(id: string): void {
    const edited = this.#edited.get(id);
    this.#edited.delete(id);
    if (edited) this.draftOf(edited.conversationId).startEditing(id, edited.text);
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
