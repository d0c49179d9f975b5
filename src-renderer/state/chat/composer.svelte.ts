import type { ApiEvent } from '../../../src-main/contract/api.ts';
import type { Message } from '../../../src-main/contract/conversation.ts';
import type { Bridge } from '../../bridge/bridge.ts';
import { DraftKeeper } from './draft-keeper.svelte.ts';
import { Draft } from './draft.svelte.ts';
import { hasBegun, neverBegan } from './thread-merge.ts';
import type { Thread } from './thread.svelte.ts';

type Edited = Pick<Message, 'id' | 'text' | 'pictures' | 'conversationId'>;

/** Where questions are written: a draft for every conversation, sent to the open one. */
export class Composer {
  readonly #bridge: Bridge;
  readonly #thread: Thread;
  readonly #drafts = new Map<string, { readonly draft: Draft; readonly keeper: DraftKeeper | null }>();
  /** edited questions that were sent and are not kept yet, by the question whose place they are to take */
  readonly #edited = new Map<string, Edited>();

  constructor(bridge: Bridge, thread: Thread) {
    this.#bridge = bridge;
    this.#thread = thread;
  }

  /** The open conversation's draft. */
  get draft(): Draft {
    return this.draftOf(this.#thread.id ?? '');
  }

  draftOf(conversationId: string): Draft {
    return this.#written(conversationId).draft;
  }

  /** Of the draft in a conversation; null where none is open. */
  keeperOf(conversationId: string): DraftKeeper | null {
    return this.#written(conversationId).keeper;
  }

  #written(conversationId: string): { readonly draft: Draft; readonly keeper: DraftKeeper | null } {
    const known = this.#drafts.get(conversationId);
    if (known) return known;
    const { chat, drafts } = this.#bridge.api;
    const draft = new Draft(this.#bridge, async ({ editing, ...question }) =>
      chat.pictureCosts({ conversationId, ...question, ...(editing === null ? {} : { editing }) }),
    );
    const keeper = conversationId === '' ? null : new DraftKeeper(drafts, conversationId, draft);
    const written = { draft, keeper };
    this.#drafts.set(conversationId, written);
    return written;
  }

  /** Keeps at once what is being written: the window goes away. */
  flush(): void {
    for (const { keeper } of this.#drafts.values()) void keeper?.flush();
  }

  /** Sends what is written, or the edited question anew. Nothing happens while there is nothing to send or an answer comes. */
  async send(): Promise<void> {
    const draft = this.draft;
    if (!draft.ready || this.#thread.answering) return;
    const id = this.#thread.id ?? '';
    // another window may have put something else in the place of the question
    const { editing } = draft;
    if (editing !== null && !this.#thread.messages.some((one) => one.id === editing)) draft.becomeNew();
    if (draft.editing !== null) await this.#sendEdited(draft, draft.editing);
    else {
      const pictures = draft.hashes;
      const taken = draft.take();
      if (!(await this.#thread.send(taken.text, pictures, taken.moreDetail))) draft.giveBack(taken);
    }
    // what was sent is not to come back with the next start
    await this.keeperOf(id)?.flush();
  }

  async #sendEdited(draft: Draft, id: string): Promise<void> {
    const { text, hashes } = draft;
    const { moreDetail } = draft.costs;
    const pictures = draft.attachments.flatMap(({ view }) => view ?? []);
    draft.stopEditing();
    this.#edited.set(id, { conversationId: this.#thread.id ?? '', id, text, pictures });
    if (!(await this.#thread.edit(id, text, hashes, moreDetail))) this.#giveBack(id);
  }

  /** An edited question whose answer never began comes back to be sent again. */
  hear(event: ApiEvent): void {
    if (event.name === 'drafts.changed') this.#drafts.get(event.data.place)?.keeper?.hear(event.data);
    if (event.name !== 'chat.message' || event.data.replaces === undefined) return;
    if (hasBegun(event.data)) this.#edited.delete(event.data.replaces);
    else if (neverBegan(event.data)) this.#giveBack(event.data.replaces);
  }

  /** The connection is back: whether edited questions are still on their way was not heard meanwhile. */
  async reconnected(): Promise<void> {
    for (const { keeper } of this.#drafts.values()) void keeper?.load();
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
    if (edited) this.draftOf(edited.conversationId).startEditing(edited);
  }

  edit(question: Message): void {
    if (!this.#thread.answering) this.draft.startEditing(question);
  }

  /** ↑ in an empty composer; false when there is no question to edit. */
  editLast(): boolean {
    const question = this.#thread.lastQuestion;
    if (!question || this.draft.text !== '' || this.#thread.answering) return false;
    this.edit(question);
    return true;
  }
}
