import type { ChatEvent } from '../contract/chat.ts';
import type { SideBySideAnswer, SideBySideState, PictureView } from '../contract/conversation.ts';
import { CancelledError, isCancelled, toErrorData } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { LOAD_GRACE_MILLISECONDS, startChatWorker } from '../engine/workers.ts';
import type { UsableModel } from './usable-model.ts';

export interface SideBySideQuestion {
  readonly text: string;
  readonly pictures: readonly PictureView[];
  readonly files: readonly string[];
  readonly threads: number;
  readonly settings: Settings;
  /** whether a person wants this model loaded whatever the memory */
  readonly isLoadedAnyway: (modelId: string) => boolean;
}

/** Asks models the same one after the other, each alone in a fresh process, so that speed and memory are its own. */
export class SideBySideRun {
  readonly #answers: SideBySideAnswer[];
  readonly #models: readonly UsableModel[];
  readonly #question: SideBySideQuestion;
  readonly #tell: (state: SideBySideState) => void;
  readonly #abort = new AbortController();
  #running = true;

  constructor(
    models: readonly UsableModel[],
    question: SideBySideQuestion,
    tell: (state: SideBySideState) => void,
  ) {
    this.#models = models;
    this.#question = question;
    this.#tell = tell;
    this.#answers = models.map(({ id, name }) => ({
      modelId: id,
      modelName: name,
      stage: 'waiting',
      text: '',
      error: null,
      statistics: null,
      peakMemoryBytes: null,
    }));
  }

  get state(): SideBySideState {
    const { text, pictures } = this.#question;
    return { question: { text, pictures }, answers: [...this.#answers], running: this.#running };
  }

  /** What has been said stays; a model not yet asked is not asked any more. */
  stop(): void {
    this.#abort.abort();
  }

  async run(start: StartWorker | undefined): Promise<readonly SideBySideAnswer[]> {
    for (const [index, model] of this.#models.entries()) {
      try {
        await this.#ask(index, model, start);
      } catch (error) {
        this.#set(
          index,
          isCancelled(error) ? { stage: 'stopped' } : { stage: 'done', error: toErrorData(error) },
        );
      }
    }
    return this.#answers;
  }

  async #ask(index: number, model: UsableModel, start: StartWorker | undefined): Promise<void> {
    const { text, files, threads, settings } = this.#question;
    if (this.#abort.signal.aborted) throw new CancelledError();
    this.#set(index, { stage: 'loading' });
    await using worker = startChatWorker(start);
    const { answer, peakMemoryBytes } = await worker.askOnce(
      {
        modelPath: model.path,
        mmprojPath: model.mmprojPath,
        contextTokens: settings.contextTokens,
        threads,
        gpuLayers: settings.gpuLayers ?? undefined,
        anyway: this.#question.isLoadedAnyway(model.id),
        // greedy: two models are compared, not two draws
        question: { text, pictures: files, maxTokens: settings.maxTokens, temperature: 0, seed: 0 },
      },
      {
        signal: this.#abort.signal,
        onEvent: (event) => this.#heard(index, event),
        // what it said is here already
        grace: () => LOAD_GRACE_MILLISECONDS,
      },
    );
    const { encodedImages: _, ...statistics } = answer.statistics;
    const stage = answer.reason === 'cancelled' ? 'stopped' : 'done';
    this.#set(index, { stage, text: answer.text, statistics, peakMemoryBytes });
  }

  #heard(index: number, event: ChatEvent): void {
    if (event.kind === 'prompt' || event.kind === 'encoding') this.#set(index, { stage: 'reading' });
    if (event.kind !== 'text') return;
    this.#set(index, { stage: 'answering', text: (this.#answers[index]?.text ?? '') + event.text });
  }

  #set(index: number, change: Partial<SideBySideAnswer>): void {
    const before = this.#answers[index];
    if (before) this.#answers[index] = { ...before, ...change };
    this.#tell(this.state);
  }

  /** Nothing more comes, however it ended. */
  end(): void {
    this.#running = false;
    this.#tell(this.state);
  }
}
