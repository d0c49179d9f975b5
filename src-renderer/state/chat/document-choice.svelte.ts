import { MOST_THUMBNAILS, type DocumentPages } from '../../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { Bridge } from '../../bridge/bridge.ts';

/** A document of several pages, of which the person chooses those that become pictures. */
export class DocumentChoice {
  readonly #bridge: Bridge;
  readonly file: File;
  readonly name: string;
  readonly pages: number;
  readonly #room: () => number;
  thumbnails: DocumentPages['thumbnails'] = $state.raw([]);
  /** in the document's order */
  chosen: readonly number[] = $state.raw([]);
  loading: boolean = $state(false);
  problem: ErrorData | null = $state.raw(null);
  #asked = 0;

  constructor(
    bridge: Bridge,
    document: { file: File; name: string; room: () => number; shown: DocumentPages },
  ) {
    this.#bridge = bridge;
    this.file = document.file;
    this.name = document.name;
    this.#room = document.room;
    this.pages = document.shown.pages;
    this.thumbnails = document.shown.thumbnails;
  }

  /** how many may be chosen: fewer, once pages of another document were */
  get room(): number {
    return this.#room();
  }

  get first(): number {
    return this.thumbnails[0]?.page ?? 1;
  }

  get last(): number {
    return this.thumbnails.at(-1)?.page ?? 1;
  }

  get full(): boolean {
    return this.chosen.length >= this.room;
  }

  toggle(page: number): void {
    if (this.chosen.includes(page)) this.chosen = this.chosen.filter((one) => one !== page);
    else if (!this.full) this.chosen = [...this.chosen, page].sort((a, b) => a - b);
  }

  previous(): Promise<void> {
    return this.show(this.first - MOST_THUMBNAILS);
  }

  next(): Promise<void> {
    return this.show(this.last + 1);
  }

  /** Shows pages from this one on. */
  async show(page: number): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    try {
      const first = Math.min(Math.max(1, page), this.pages);
      const { thumbnails } = await this.#bridge.documentPages(this.file, this.name, first);
      if (asked !== this.#asked) return;
      this.thumbnails = thumbnails;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = toErrorData(error);
    } finally {
      if (asked === this.#asked) this.loading = false;
    }
  }
}

export function isDocument({ type, name }: File): boolean {
  return type === 'application/pdf' || /\.pdf$/i.test(name);
}
