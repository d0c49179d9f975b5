import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { DraftContent, DraftService, KeptDraft } from '../../../src-main/contract/draft.ts';
import type { Draft } from './draft.svelte.ts';

/** A pause in writing after which what is there is kept. */
const PAUSE_MILLISECONDS = 300;
/** tells this window's drafts from another's */
const WRITER = crypto.randomUUID();

const byHash = ({ text, pictures, edit, moreDetail }: DraftContent): DraftContent<string> => ({
  text,
  pictures: pictures.map(({ hash }) => hash),
  edit: edit && { ...edit, pictures: edit.pictures.map(({ hash }) => hash) },
  ...(moreDetail ? { moreDetail } : {}),
});
const NOTHING = JSON.stringify({ text: '', pictures: [], edit: null } satisfies DraftContent<string>);

/**
 * Keeps a draft with the main process, so that it outlives the window, and takes over what is written in the same place in another
 * window. Where both write at once, nothing is overwritten: the other's is held until the person has chosen.
 */
export class DraftKeeper {
  readonly #service: DraftService;
  readonly #place: string;
  readonly #draft: Draft;
  #revision = 0;
  /** what is kept, as JSON */
  #kept = NOTHING;
  #loaded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #keeping: Promise<void> | undefined;

  /** what another window wrote here meanwhile */
  conflict: KeptDraft | null = $state.raw(null);
  /** why what is written here would not outlive this window */
  problem: ErrorData | null = $state.raw(null);

  constructor(service: DraftService, place: string, draft: Draft) {
    this.#service = service;
    this.#place = place;
    this.#draft = draft;
    draft.onchange = () => this.#changed();
    void this.load();
  }

  /** Takes over what is kept, at first and after the connection was lost; what was written here meanwhile stays. */
  async load(): Promise<void> {
    try {
      const kept = await this.#service.get({ place: this.#place });
      this.#loaded = true;
      if (this.#dirty) await this.#keep();
      else this.#adopt(kept);
    } catch (error) {
      this.#failed(error);
    }
  }

  hear(draft: KeptDraft): void {
    if (draft.place !== this.#place || draft.writer === WRITER || !this.#loaded) return;
    // what is written here and not kept yet will find out about the other when it is to be kept
    if (draft.revision > this.#revision && !this.#dirty) this.#adopt(draft);
  }

  /** Keeps at once what waits for a pause. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#keep();
  }

  takeTheirs(): void {
    if (this.conflict) this.#adopt(this.conflict);
  }

  async keepMine(): Promise<void> {
    if (!this.conflict) return;
    this.#revision = this.conflict.revision;
    this.conflict = null;
    await this.flush();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#draft.onchange = () => undefined;
  }

  get #dirty(): boolean {
    return JSON.stringify(this.#draft.content) !== this.#kept;
  }

  #changed(): void {
    clearTimeout(this.#timer);
    if (this.#dirty) this.#timer = setTimeout(() => void this.#keep(), PAUSE_MILLISECONDS);
  }

  #adopt(kept: KeptDraft): void {
    const isNews = JSON.stringify(byHash(kept)) !== this.#kept;
    this.#revision = kept.revision;
    this.#kept = JSON.stringify(byHash(kept));
    this.conflict = null;
    if (!isNews) return;
    this.#draft.restore(kept);
    void this.#draft.refreshCosts();
  }

  /** One at a time: each has to know the revision that the one before it made. */
  async #keep(): Promise<void> {
    while (this.#keeping) await this.#keeping;
    if (!this.#loaded || !this.#dirty || this.#draft.tooLong) return;
    this.#keeping = this.#send().finally(() => (this.#keeping = undefined));
    await this.#keeping;
  }

  async #send(): Promise<void> {
    const { content } = this.#draft;
    try {
      const { kept, draft } = await this.#service.keep({
        place: this.#place,
        writer: WRITER,
        revision: this.#revision,
        content,
      });
      this.problem = null;
      if (kept) {
        this.#revision = draft.revision;
        this.#kept = JSON.stringify(content);
        this.conflict = null;
        this.#changed();
      } else this.#meet(draft);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Another window has written here. There is nothing to choose where one of the two is empty, as it is once it was sent. */
  #meet(theirs: KeptDraft): void {
    const [mine, other] = [JSON.stringify(this.#draft.content), JSON.stringify(byHash(theirs))];
    if (mine === other || mine === NOTHING) this.#adopt(theirs);
    else if (other === NOTHING) {
      this.#revision = theirs.revision;
      this.#kept = NOTHING;
      this.#changed();
    } else this.conflict = theirs;
  }

  #failed(error: unknown): void {
    const data = toErrorData(error);
    // the banner of the lost connection says that one already, and coming back tries again
    this.problem = data.code === 'CONNECTION_LOST' ? null : data;
  }
}
