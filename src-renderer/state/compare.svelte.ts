import type { ApiEvent } from '../../src-main/contract/api.ts';
import type { ComparedAnswer } from '../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData } from '../../src-main/contract/errors.ts';
import type { AppState } from './app.svelte.ts';
import { spokenText } from './message-words.ts';
import { Draft } from './draft.svelte.ts';

/** Of each answer, read aloud unasked. */
const SPOKEN_LETTERS = 300;

/** One question to two models; nothing of it is kept as a conversation. */
export class Compare {
  readonly #app: AppState;
  readonly draft: Draft;
  #chosen: readonly [string | null, string | null] = $state.raw([null, null]);

  running: boolean = $state(false);
  error: ErrorData | null = $state.raw(null);
  answers: readonly ComparedAnswer[] = $state.raw([]);
  /** the question that `answers` answer */
  question: { readonly text: string; readonly pictures: readonly string[] } | null = $state.raw(null);
  announcement: string = $state('');

  constructor(app: AppState) {
    this.#app = app;
    this.draft = new Draft(app.bridge);
  }

  hear(event: ApiEvent): void {
    // what another window compares is not shown here
    if (event.name === 'chat.compared' && this.running) this.answers = event.data;
  }

  /** The chosen two; where none was chosen, a fitted model beside another. */
  get modelIds(): readonly [string | null, string | null] {
    const models = this.#app.usableModels;
    const known = (id: string | null): string | null => (models.some((model) => model.id === id) ? id : null);
    const fitted = models.find((model) => model.kind === 'fitted') ?? models[0];
    const second = known(this.#chosen[1]) ?? fitted?.id ?? null;
    const other = models.find((model) => model.id !== second && model.kind === 'quantized');
    const first =
      known(this.#chosen[0]) ?? (other ?? models.find((model) => model.id !== second))?.id ?? null;
    return [first, second];
  }

  choose(place: 0 | 1, id: string): void {
    const [first, second] = this.modelIds;
    this.#chosen = place === 0 ? [id, second] : [first, id];
  }

  /** Two different models are needed to see a difference. */
  get possible(): boolean {
    const [first, second] = this.modelIds;
    return first !== null && second !== null && first !== second;
  }

  /** One of the two takes no pictures, and there are some. */
  get blind(): boolean {
    if (this.draft.attachments.length === 0) return false;
    return this.modelIds.some((id) => this.#app.modelById(id)?.mmproj === null);
  }

  async ask(): Promise<void> {
    const [first, second] = this.modelIds;
    if (!this.draft.ready || this.running || first === null || second === null || first === second) return;
    const question = { text: this.draft.text, pictures: this.draft.hashes };
    this.running = true;
    this.error = null;
    this.answers = [];
    this.question = question;
    this.announcement = '';
    try {
      this.answers = await this.#app.bridge.api.chat.compare({ modelIds: [first, second], ...question });
      this.announcement = this.answers
        .map((one) => `${one.modelName}: ${spokenText(one.text.slice(0, SPOKEN_LETTERS))}`)
        .join('. ');
    } catch (error) {
      this.error = toErrorData(error);
      // what was heard meanwhile is another window's
      this.answers = [];
    } finally {
      this.running = false;
    }
  }

  async stop(): Promise<void> {
    if (this.running) await this.#app.attempt(() => this.#app.bridge.api.chat.stopCompare({}));
  }
}
