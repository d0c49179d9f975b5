import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { isCancelled, toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import type { CheckProgress, Verification } from '../../../src-main/contract/verification.ts';
import type { AppState } from '../app/app.svelte.ts';

/** One model's files being read whole, to verify them or to find them. */
export interface Check {
  readonly running: boolean;
  readonly progress: CheckProgress | null;
  readonly verification: Verification | null;
  readonly error: ErrorData | null;
}

const NOTHING: Check = { running: false, progress: null, verification: null, error: null };

/** Whether models hold what they held, and where those went whose files are gone. */
export class ChecksState {
  readonly #app: AppState;
  readonly #stop: () => void;
  #checks: Readonly<Record<string, Check>> = $state.raw({});

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
  }

  of(id: string): Check {
    return this.#checks[id] ?? NOTHING;
  }

  async verify(id: string): Promise<void> {
    await this.#run(id, async () => {
      const verification = await this.#app.bridge.api.library.verify({ id });
      this.#change(id, { verification });
    });
  }

  /** Without a folder in those where it is likely. */
  async lookFor(model: ModelEntry, folder?: string): Promise<void> {
    const { id, name } = model;
    await this.#run(id, async () => {
      const found = await this.#app.bridge.api.library.lookFor({
        id,
        ...(folder === undefined ? {} : { folder }),
      });
      this.#app.toasts.show({ text: `${name} was found: ${found.path}`, tone: 'good' });
    });
  }

  /** Asks for a folder by the system's dialog; a door without one gives a path. */
  async chooseFolder(model: ModelEntry): Promise<void> {
    await this.#app.attempt(async () => {
      const folder = await this.#app.bridge.chooseFolder?.();
      if (folder) await this.lookFor(model, folder);
    });
  }

  async cancel(id: string): Promise<void> {
    await this.#app.attempt(async () => {
      await this.#app.bridge.api.library.cancelCheck({ id });
    });
  }

  close(): void {
    this.#stop();
  }

  async #run(id: string, work: () => Promise<void>): Promise<void> {
    this.#checks = { ...this.#checks, [id]: { ...NOTHING, running: true } };
    try {
      await work();
    } catch (error) {
      if (!isCancelled(error)) this.#change(id, { error: toErrorData(error) });
    } finally {
      this.#change(id, { running: false, progress: null });
    }
  }

  #change(id: string, change: Partial<Check>): void {
    this.#checks = { ...this.#checks, [id]: { ...this.of(id), ...change } };
  }

  #hear(event: ApiEvent): void {
    // another window's checks are its own
    if (event.name === 'library.checking' && this.of(event.data.id).running)
      this.#change(event.data.id, { progress: event.data });
  }
}
