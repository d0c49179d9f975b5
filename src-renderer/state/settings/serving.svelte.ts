import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import { DEFAULT_SERVING_PORT, MOST_PORT, type ServingState } from '../../../src-main/contract/serving.ts';
import type { AppState } from '../app/app.svelte.ts';

/** Serving a model to other programs, on the settings page. */
export class ServingControl {
  readonly #app: AppState;
  readonly #stop: () => void;
  served: ServingState | null = $state.raw(null);
  error: ErrorData | null = $state.raw(null);
  changing: boolean = $state(false);
  /** as it is typed */
  port: string = $state(String(DEFAULT_SERVING_PORT));
  #chosen: string | null = $state(null);

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
    void app.attempt(async () => {
      this.served = await app.bridge.api.serving.state({});
    });
  }

  close(): void {
    this.#stop();
  }

  /** The model that is served or would be: the one chosen, else the one in memory, else the newest that Snug fitted. */
  get modelId(): string | null {
    const usable = this.#app.usableModels;
    const isUsable = (id: string | null | undefined) => usable.some((model) => model.id === id);
    if (this.served) return this.served.modelId;
    if (isUsable(this.#chosen)) return this.#chosen;
    const loaded = usable.find(({ path }) => path === this.#app.loaded?.path);
    const byDate = usable.toSorted((a, b) => b.addedAt.localeCompare(a.addedAt));
    return (loaded ?? byDate.find(({ kind }) => kind === 'fitted') ?? byDate[0])?.id ?? null;
  }

  get portError(): string | undefined {
    const isPort = /^\d{1,5}$/.test(this.port.trim()) && Number(this.port) <= MOST_PORT;
    return isPort ? undefined : `A whole number up to ${MOST_PORT}; 0 takes a free port.`;
  }

  /** "answering a request, 2 wait" */
  get loadText(): string {
    const { running = 0, waiting = 0 } = this.served ?? {};
    if (running + waiting === 0) return 'No program asks it right now.';
    const waits = waiting === 0 ? '' : waiting === 1 ? '; 1 more waits' : `; ${waiting} more wait`;
    return running > 0 ? `A request is being answered${waits}.` : `${waiting} waiting.`;
  }

  async choose(modelId: string): Promise<void> {
    this.#chosen = modelId;
    if (this.served) await this.start();
  }

  async start(): Promise<void> {
    const modelId = this.#chosen ?? this.modelId;
    if (modelId === null || this.portError !== undefined) return;
    await this.#change(async () => {
      this.served = await this.#app.bridge.api.serving.start({ modelId, port: Number(this.port) });
    });
  }

  async stop(): Promise<void> {
    await this.#change(async () => {
      await this.#app.bridge.api.serving.stop({});
      this.served = null;
    });
  }

  async #change(work: () => Promise<void>): Promise<void> {
    this.changing = true;
    this.error = null;
    try {
      await work();
    } catch (error) {
      this.error = toErrorData(error);
    }
    this.changing = false;
  }

  #hear(event: ApiEvent): void {
    if (event.name === 'serving.changed') this.served = event.data;
  }
}
