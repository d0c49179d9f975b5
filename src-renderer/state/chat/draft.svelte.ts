import {
  MOST_LETTERS,
  MOST_PICTURES,
  type Message,
  type PictureView,
} from '../../../src-main/contract/conversation.ts';
import type { DraftContent } from '../../../src-main/contract/draft.ts';
import type { Bridge } from '../../bridge/bridge.ts';
import { DraftCosts, type CostsOf } from './draft-costs.svelte.ts';
import { FileAdding, type PicturePlaces } from './file-adding.svelte.ts';

export interface Attachment {
  readonly key: number;
  readonly name: string;
  /** null while its bytes are on their way */
  readonly view: PictureView | null;
  /** what is to be known of it: only its first frame is kept, … */
  readonly notes: readonly string[];
}

interface Written {
  readonly text: string;
  readonly attachments: readonly Attachment[];
}
interface Taken extends Written {
  readonly moreDetail: boolean;
}
const NOTHING: Written = { text: '', attachments: [] };

function hashesOf(attachments: readonly Attachment[]): readonly string[] {
  return attachments.flatMap((one) => (one.view ? [one.view.hash] : []));
}

/** A question being written: its words and pictures. Kept while other conversations are looked at. */
export class Draft {
  readonly costs: DraftCosts;
  #nextKey = 1;

  #text: string = $state('');
  #attachments: readonly Attachment[] = $state.raw([]);
  #editing: string | null = $state(null);
  /** told whenever what is written is something else */
  onchange: () => void = () => undefined;
  /** how files become pictures of it */
  readonly files: FileAdding;
  /** it is to be sent once the pictures that are on their way are here */
  sending: boolean = $state(false);
  /** what was being written before editing began */
  #setAside: Written = NOTHING;

  constructor(bridge: Bridge, costsOf?: CostsOf) {
    this.costs = new DraftCosts(costsOf, () => this.onchange());
    this.files = new FileAdding(bridge, this.#places());
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.onchange();
  }

  get attachments(): readonly Attachment[] {
    return this.#attachments;
  }

  set attachments(attachments: readonly Attachment[]) {
    this.#attachments = attachments;
    this.onchange();
  }

  /** the question that this text replaces */
  get editing(): string | null {
    return this.#editing;
  }

  get hashes(): readonly string[] {
    return hashesOf(this.attachments);
  }

  /** All of it that can be kept: what is still on its way comes later. */
  get content(): DraftContent<string> {
    const now = { text: this.text, pictures: this.hashes };
    const detail = this.costs.moreDetail ? { moreDetail: true } : {};
    if (this.#editing === null) return { ...now, edit: null, ...detail };
    const { text, attachments } = this.#setAside;
    return { text, pictures: hashesOf(attachments), edit: { messageId: this.#editing, ...now }, ...detail };
  }

  /**
   * Writes what was kept in the place of what is here; pictures that are the same keep their costs, and those on their way still come.
   */
  restore({ text, pictures, edit, moreDetail = false }: DraftContent): void {
    const own = { text, attachments: this.#attached(pictures) };
    this.#setAside = edit === null ? NOTHING : own;
    this.#editing = edit?.messageId ?? null;
    const onTheWay = this.#attachments.filter(({ view }) => view === null);
    const kept = edit === null ? own.attachments : this.#attached(edit.pictures);
    this.#attachments = [...kept, ...onTheWay];
    this.#text = edit === null ? text : edit.text;
    this.costs.moreDetail = moreDetail;
    this.onchange();
  }

  #attached(pictures: readonly PictureView[]): readonly Attachment[] {
    const known = [...this.attachments, ...this.#setAside.attachments];
    return pictures.map(
      (view) =>
        known.find((one) => one.view?.hash === view.hash) ?? {
          key: this.#nextKey++,
          name: view.name,
          view,
          notes: [],
        },
    );
  }

  get adding(): boolean {
    return this.attachments.some((one) => one.view === null);
  }

  get tooLong(): boolean {
    return this.text.length > MOST_LETTERS;
  }

  /** There is something to send, all of it here or on its way. */
  get worthSending(): boolean {
    const something = this.text.trim() !== '' || this.attachments.length > 0;
    return something && !this.tooLong && !this.sending;
  }

  /** There is something to send and all of it is here. */
  get ready(): boolean {
    return this.worthSending && !this.adding;
  }

  /** Waits for pictures that are on their way; false where the question is better not sent now: one of them was refused. */
  async complete(): Promise<boolean> {
    if (!this.worthSending) return false;
    const refused = this.files.problems.length;
    this.sending = true;
    while (this.adding) await this.files.onTheWay;
    this.sending = false;
    return this.ready && this.files.problems.length === refused;
  }

  /** Takes what is a picture; every other file is named with the reason and the rest goes on. */
  addFiles(files: readonly File[]): Promise<void> {
    return this.files.add(files);
  }

  #places(): PicturePlaces {
    return {
      room: () => Math.max(0, MOST_PICTURES - this.attachments.length),
      hold: (name) => {
        const key = this.#nextKey++;
        this.attachments = [...this.attachments, { key, name, view: null, notes: [] }];
        return key;
      },
      fill: (key, { notes, ...view }) => {
        // the same picture twice says nothing more and costs twice
        if (this.hashes.includes(view.hash)) {
          this.#drop(key);
          return false;
        }
        const arrived = { name: view.name, view, notes };
        this.#change((all) => all.map((one) => (one.key === key ? { ...one, ...arrived } : one)));
        return true;
      },
      drop: (key) => this.#drop(key),
      settled: () => this.refreshCosts(),
    };
  }

  async remove(key: number): Promise<void> {
    this.#drop(key);
    await this.refreshCosts();
  }

  /** Asks again what the pictures cost: another model or other options change it. */
  async refreshCosts(): Promise<void> {
    await this.costs.refresh({ text: this.text, pictures: this.hashes, editing: this.#editing });
  }

  startEditing({ id, text, pictures }: Pick<Message, 'id' | 'text' | 'pictures'>): void {
    if (this.#editing === null) this.#setAside = { text: this.text, attachments: this.attachments };
    this.#editing = id;
    this.#attachments = this.#attached(pictures);
    this.text = text;
    void this.refreshCosts();
  }

  stopEditing(): void {
    if (this.#editing === null) return;
    const { text, attachments } = this.#setAside;
    this.#editing = null;
    this.#setAside = NOTHING;
    this.#attachments = attachments;
    this.text = text;
    void this.refreshCosts();
  }

  /** The question that was being edited is gone: what was written of it becomes a new one. */
  becomeNew(): void {
    this.#editing = null;
    this.#setAside = NOTHING;
    this.onchange();
  }

  /** Empties it and hands out what was in it. */
  take(): Taken {
    const taken = { text: this.text, attachments: this.attachments, moreDetail: this.costs.moreDetail };
    this.text = '';
    this.attachments = [];
    this.files.closeProblems();
    void this.refreshCosts();
    return taken;
  }

  /** Puts back what could not be sent, unless something new was written meanwhile. */
  giveBack({ text, attachments, moreDetail }: Taken): void {
    if (this.text === '') this.text = text;
    if (this.attachments.length > 0) return;
    this.attachments = attachments;
    this.costs.moreDetail = moreDetail;
    void this.refreshCosts();
  }

  #drop(key: number): void {
    this.#change((attachments) => attachments.filter((one) => one.key !== key));
  }

  /** Also of what was set aside while an earlier question is edited: pictures that were on their way still come. */
  #change(change: (attachments: readonly Attachment[]) => readonly Attachment[]): void {
    this.#setAside = { ...this.#setAside, attachments: change(this.#setAside.attachments) };
    this.attachments = change(this.attachments);
  }
}
