import { splitThoughts } from '../../../src-main/contract/thoughts.ts';
import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { SIDE_BY_SIDE_PLACE } from '../../../src-main/contract/draft.ts';
import type { SideBySideAnswer, SideBySideState } from '../../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { AppState } from '../app/app.svelte.ts';
import { spokenText } from '../../text/message-words.ts';
import { DraftKeeper } from './draft-keeper.svelte.ts';
import { Draft } from './draft.svelte.ts';

/** Of each answer, read aloud unasked. */
const SPOKEN_LETTERS = 300;

/** One question to two models; nothing of it is kept as a conversation. */
export class SideBySide {
  readonly #app: AppState;
  readonly draft: Draft;
  readonly keeper: DraftKeeper;
  /** a question of this window's is on its way */
  #asking = false;
  #chosen: readonly [string | null, string | null] = $state.raw([null, null]);

  /** here or in another window: there is one comparison at a time */
  running: boolean = $state(false);
  error: ErrorData | null = $state.raw(null);
  answers: readonly SideBySideAnswer[] = $state.raw([]);
  /** the question that `answers` answer */
  question: SideBySideState['question'] | null = $state.raw(null);
  announcement: string = $state('');

  constructor(app: AppState) {
    this.#app = app;
    this.draft = new Draft(app.bridge);
    this.keeper = new DraftKeeper(app.bridge.api.drafts, SIDE_BY_SIDE_PLACE, this.draft);
  }

  hear(event: ApiEvent): void {
    if (event.name === 'chat.sideBySide') this.#show(event.data);
    if (event.name === 'drafts.changed') this.keeper.hear(event.data);
  }

  /** The comparison that another window began, or this one before it was loaded again. */
  async load(): Promise<void> {
    try {
      const state = await this.#app.bridge.api.chat.sideBySide({});
      if (state && !this.#asking) this.#show(state);
    } catch {
      // the banner of the lost connection says it already
    }
  }

  #show({ question, answers, running }: SideBySideState): void {
    const ended = this.running && !running;
    this.question = question;
    this.answers = answers;
    this.running = running || this.#asking;
    if (running) this.error = null;
    const [first, second] = answers;
    if (running && first && second) this.#chosen = [first.modelId, second.modelId];
    if (ended) this.announcement = announcementOf(answers);
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
    const { text, hashes: pictures, attachments } = this.draft;
    this.#asking = true;
    this.running = true;
    this.error = null;
    this.answers = [];
    this.question = { text, pictures: attachments.flatMap(({ view }) => view ?? []) };
    this.announcement = '';
    try {
      this.answers = await this.#app.bridge.api.chat.askSideBySide({
        modelIds: [first, second],
        text,
        pictures,
      });
      this.announcement = announcementOf(this.answers);
    } catch (error) {
      this.error = toErrorData(error);
    } finally {
      this.#asking = false;
      this.running = false;
    }
  }

  async stop(): Promise<void> {
    if (this.running) await this.#app.attempt(() => this.#app.bridge.api.chat.stopSideBySide({}));
  }
}

function announcementOf(answers: readonly SideBySideAnswer[]): string {
  return answers
    .map((one) => `${one.modelName}: ${spokenText(splitThoughts(one.text).answer.slice(0, SPOKEN_LETTERS))}`)
    .join('. ');
}
