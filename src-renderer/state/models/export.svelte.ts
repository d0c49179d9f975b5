import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { isCancelled, toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { ExportProgress } from '../../../src-main/contract/export.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import type { AppState } from '../app/app.svelte.ts';
import { formatBytes } from '../../text/format.ts';

/** Taking a fitted model out of Snug: where to, how far it is, and what stood in its way. */
export class ExportState {
  readonly #app: AppState;
  readonly #stop: () => void;
  /** the one that is asked about; null while none is */
  model: ModelEntry | null = $state.raw(null);
  /** the folder being typed */
  folder: string = $state('');
  progress: ExportProgress | null = $state.raw(null);
  error: ErrorData | null = $state.raw(null);
  cancelling: boolean = $state(false);

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
    // one may run since before this page was opened
    void app.attempt(async () => {
      this.progress = await app.bridge.api.exports.running({});
    });
  }

  close(): void {
    this.#stop();
  }

  get canChoose(): boolean {
    return this.#app.bridge.chooseFolder !== undefined;
  }

  /** Whether files there may be replaced after all. */
  get mayReplace(): boolean {
    return this.error?.remedies?.some(({ kind }) => kind === 'replace-files') ?? false;
  }

  get progressText(): string {
    return this.progress ? `${formatBytes(this.progress.done)} of ${formatBytes(this.progress.total)}` : '';
  }

  ask(model: ModelEntry): void {
    this.model = model;
    this.error = null;
  }

  /** What runs goes on; a notice tells of its end. */
  leave(): void {
    this.model = null;
  }

  /** By the system's dialog. */
  async choose(): Promise<void> {
    await this.#app.attempt(async () => {
      const folder = await this.#app.bridge.chooseFolder?.();
      if (folder) this.folder = folder;
    });
  }

  async write({ replace = false } = {}): Promise<void> {
    const { model } = this;
    // a path copied from a file manager comes in quotes
    const folder = this.folder.trim().replace(/^(["'])(.*)\1$/, '$2');
    if (!model || folder === '') return;
    this.error = null;
    try {
      const written = await this.#app.bridge.api.exports.write({ id: model.id, folder, replace });
      this.model = null;
      this.#done(model, written.folder);
    } catch (error) {
      if (isCancelled(error))
        this.#app.toasts.show({ text: 'The export was stopped; nothing of it is left' });
      else this.error = toErrorData(error);
    }
  }

  #done({ name }: ModelEntry, folder: string): void {
    const { showInFolder } = this.#app.bridge;
    this.#app.toasts.show({
      text: `${name} was exported to ${folder}`,
      tone: 'good',
      ...(showInFolder
        ? { action: { label: 'Show', run: () => void this.#app.attempt(() => showInFolder(folder)) } }
        : {}),
    });
  }

  async cancel(): Promise<void> {
    this.cancelling = true;
    await this.#app.attempt(async () => {
      await this.#app.bridge.api.exports.cancel({});
    });
    this.cancelling = false;
  }

  #hear(event: ApiEvent): void {
    if (event.name === 'exports.changed') this.progress = event.data;
  }
}
