import type { ApiEvent } from '../../../src-main/contract/api.ts';
import type { ConversationSummary, SearchHit } from '../../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import { titleOf } from '../../text/conversation-title.ts';
import type { AppState } from '../app/app.svelte.ts';
import { offerDownload, type Download } from '../app/download.ts';

/** A pause in typing after which a search starts. */
const TYPING_PAUSE_MILLISECONDS = 120;

/** The list of conversations: found, renamed, deleted and brought back, saved as files. */
export class Conversations {
  readonly #app: AppState;
  readonly #download: (file: Download) => void;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #search = 0;

  /** newest first */
  list: readonly ConversationSummary[] = $state.raw([]);
  loaded: boolean = $state(false);
  failure: ErrorData | null = $state.raw(null);
  query: string = $state('');
  /** null while nothing is searched for */
  hits: readonly SearchHit[] | null = $state.raw(null);
  searching: boolean = $state(false);
  /** the one whose title is being changed */
  renaming: string | null = $state(null);

  constructor(app: AppState, download: (file: Download) => void = offerDownload) {
    this.#app = app;
    this.#download = download;
  }

  get #service() {
    return this.#app.bridge.api.conversations;
  }

  async load(): Promise<void> {
    try {
      this.list = await this.#service.list({});
      this.failure = null;
      this.loaded = true;
    } catch (error) {
      this.failure = toErrorData(error);
    }
  }

  hear(event: ApiEvent): void {
    if (event.name !== 'conversations.changed') return;
    this.list = event.data;
    this.loaded = true;
    // what was found may have another title now, or be gone
    if (this.hits !== null) this.type(this.query);
  }

  byId(id: string | null): ConversationSummary | undefined {
    return this.list.find((one) => one.id === id);
  }

  /** Searches once typing pauses; an empty query shows the list again. */
  type(query: string): void {
    this.query = query;
    clearTimeout(this.#typing);
    const search = ++this.#search;
    if (query.trim() === '') {
      this.hits = null;
      this.searching = false;
      return;
    }
    this.searching = true;
    this.#typing = setTimeout(() => void this.#find(query, search), TYPING_PAUSE_MILLISECONDS);
  }

  async #find(query: string, search: number): Promise<void> {
    await this.#app.attempt(async () => {
      const hits = await this.#service.search({ query });
      if (search === this.#search) this.hits = hits;
    });
    if (search === this.#search) this.searching = false;
  }

  async rename(id: string, title: string): Promise<void> {
    this.renaming = null;
    const wanted = title.trim();
    const before = this.byId(id);
    if (wanted === '' || wanted === before?.title) return;
    await this.#app.attempt(async () => this.#put(await this.#service.rename({ id, title: wanted })));
  }

  /** Deletes it and offers to bring it back. True when it is gone. */
  async remove(id: string): Promise<boolean> {
    const before = this.byId(id);
    const gone = await this.#app.attempt(async () => {
      await this.#service.remove({ id });
      this.list = this.list.filter((one) => one.id !== id);
      if (this.hits) this.hits = this.hits.filter((hit) => hit.conversationId !== id);
    });
    if (gone) {
      this.#app.toasts.show({
        text: `“${shorten(titleOf(before ?? { title: '' }))}” was deleted`,
        action: { label: 'Undo', run: () => this.restore(id) },
      });
    }
    return gone;
  }

  async restore(id: string): Promise<void> {
    await this.#app.attempt(async () => {
      this.#put(await this.#service.restore({ id }));
      this.#app.navigate('chat', id);
    });
  }

  async export(id: string, format: 'markdown' | 'json'): Promise<void> {
    await this.#app.attempt(async () => this.#download(await this.#exported(id, format)));
  }

  /** The same for dragging; null when it can't be had, which choosing the export would say. */
  async exportedFile(id: string, format: 'markdown' | 'json'): Promise<Download | null> {
    return this.#exported(id, format).catch(() => null);
  }

  async #exported(id: string, format: 'markdown' | 'json'): Promise<Download> {
    const { fileName, content } = await this.#service.export({ id, format });
    return { fileName, content, type: format === 'json' ? 'application/json' : 'text/markdown' };
  }

  #put(summary: ConversationSummary): void {
    const others = this.list.filter((one) => one.id !== summary.id);
    this.list = [...others, summary].toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
