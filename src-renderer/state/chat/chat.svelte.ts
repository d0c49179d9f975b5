import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { SIDE_BY_SIDE_PLACE } from '../../../src-main/contract/draft.ts';
import type { AppState } from '../app/app.svelte.ts';
import { SideBySide } from './side-by-side.svelte.ts';
import { Composer } from './composer.svelte.ts';
import { Conversations } from './conversations.svelte.ts';
import { Thread, type OnFrame } from './thread.svelte.ts';

/** In a conversation's place in the address: the side-by-side view. */
export const SIDE_BY_SIDE_ID = SIDE_BY_SIDE_PLACE;

/** The chat page's state. It outlives the page, so that drafts and a running answer are there on coming back. */
export class Chat {
  readonly #app: AppState;
  readonly conversations: Conversations;
  readonly thread: Thread;
  readonly composer: Composer;
  readonly sideBySide: SideBySide;
  #connection: AppState['connection'];
  readonly #stops: (() => void)[] = [];

  constructor(app: AppState, onFrame: OnFrame) {
    this.#app = app;
    this.conversations = new Conversations(app);
    this.thread = new Thread(app.bridge, onFrame);
    this.composer = new Composer(app.bridge, this.thread);
    this.sideBySide = new SideBySide(app);
    this.#connection = app.bridge.connection.state;
    this.#stops.push(
      app.bridge.listen((event) => this.#hear(event)),
      app.bridge.onConnection((state) => this.#connected(state)),
    );
  }

  /** Shows a conversation; without one, the newest there is. */
  async show(id: string | null): Promise<void> {
    await this.prepare();
    await this.thread.open(id ?? this.conversations.list[0]?.id ?? null);
  }

  /** Reads the list once. */
  async prepare(): Promise<void> {
    if (!this.conversations.loaded) await this.conversations.load();
  }

  /** The side-by-side view, with what was asked there last. */
  async showSideBySide(): Promise<void> {
    await Promise.all([this.prepare(), this.sideBySide.load()]);
  }

  /** Another model for the open conversation: what its pictures cost changes with it. */
  async chooseModel(modelId: string): Promise<void> {
    if (await this.thread.setModel(modelId)) await this.composer.draft.refreshCosts();
  }

  /** Deletes a conversation; the one below it takes its place. */
  async remove(id: string): Promise<void> {
    const index = this.conversations.list.findIndex((one) => one.id === id);
    const open = this.thread.id === id;
    if (!(await this.conversations.remove(id)) || !open) return;
    const { list } = this.conversations;
    this.#app.navigate('chat', (list[index] ?? list.at(-1))?.id ?? null);
  }

  /** Keeps at once what is being written: the window goes away. */
  flush(): void {
    this.composer.flush();
    void this.sideBySide.keeper.flush();
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(event: ApiEvent): void {
    this.conversations.hear(event);
    this.thread.hear(event);
    this.composer.hear(event);
    this.sideBySide.hear(event);
  }

  #connected(state: AppState['connection']): void {
    const back = this.#connection === 'lost' && state === 'open';
    this.#connection = state;
    if (!back) return;
    void this.conversations.load();
    void this.thread.reload();
    void this.sideBySide.load();
    void this.composer.draft.refreshCosts();
    void this.composer.reconnected();
    void this.sideBySide.keeper.load();
  }
}

const chats = new WeakMap<AppState, Chat>();

/** The one chat state of an app. */
export function chatOf(app: AppState): Chat {
  const known = chats.get(app) ?? new Chat(app, (run) => requestAnimationFrame(run));
  chats.set(app, known);
  return known;
}
