import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { isCancelled, toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { FolderMove } from '../../../src-main/contract/folder.ts';
import { formatBytes, formatCount } from '../../text/format.ts';
import type { AppState } from '../app/app.svelte.ts';

/** The folder of the models on the settings page: choosing another one, and how far the move there is. */
export class FolderState {
  readonly #app: AppState;
  readonly #stop: () => void;
  /** the path being typed; null while none is */
  typed: string | null = $state(null);
  move: FolderMove | null = $state.raw(null);
  cancelling: boolean = $state(false);
  error: ErrorData | null = $state.raw(null);
  /** where the move went that did not come to its end; null: back to Snug's own */
  failedTo: string | null = $state(null);
  /** files that are still in the old folder too */
  leftBehind: readonly string[] = $state.raw([]);

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
    // a move may run since before this page was opened
    void app.attempt(async () => {
      this.move = await app.bridge.api.folder.moving({});
    });
  }

  close(): void {
    this.#stop();
  }

  get path(): string {
    return this.#app.info?.modelsFolder ?? '';
  }

  /** Whether the models were moved out of Snug's own folder, so that they can be taken back. */
  get isElsewhere(): boolean {
    const { info } = this.#app;
    if (info === null) return false;
    return !['/', '\\'].some((slash) => info.modelsFolder.startsWith(info.dataFolder + slash));
  }

  /** Done and to do, as "1.20 GiB of 4.71 GiB, file 2 of 6". */
  get progressText(): string {
    if (!this.move) return '';
    const { doneBytes, totalBytes, doneFiles, totalFiles } = this.move;
    const file = `file ${formatCount(Math.min(doneFiles + 1, totalFiles))} of ${formatCount(totalFiles)}`;
    return `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${totalFiles > 0 ? `, ${file}` : ''}`;
  }

  /** Asks for a folder by the system's dialog where the door has one, else by a field for its path. */
  async choose(): Promise<void> {
    const { chooseFolder } = this.#app.bridge;
    if (!chooseFolder) {
      this.typed ??= '';
      return;
    }
    await this.#app.attempt(async () => {
      const folder = await chooseFolder();
      if (folder !== null) await this.moveTo(folder);
    });
  }

  async submit(): Promise<void> {
    // a path copied from a file manager comes in quotes
    const path = (this.typed ?? '').trim().replace(/^(["'])(.*)\1$/, '$2');
    if (path !== '') await this.moveTo(path);
  }

  /** null: to the folder in Snug's own */
  async moveTo(to: string | null): Promise<void> {
    this.error = null;
    this.leftBehind = [];
    try {
      const { folder, files, bytes, leftBehind } = await this.#app.bridge.api.folder.move({ to });
      this.typed = null;
      this.leftBehind = leftBehind;
      const moved = files === 0 ? 'New models go' : `${formatBytes(bytes)} moved. Models are and new ones go`;
      this.#app.toasts.show({ text: `${moved} to ${folder}`, tone: 'good' });
    } catch (error) {
      if (isCancelled(error)) {
        this.#app.toasts.show({ text: 'Moving was stopped; every model is found where it is now' });
      } else {
        this.error = toErrorData(error);
        this.failedTo = to;
      }
    } finally {
      this.cancelling = false;
    }
  }

  async cancel(): Promise<void> {
    this.cancelling = true;
    await this.#app.attempt(async () => {
      await this.#app.bridge.api.folder.cancel({});
    });
    this.cancelling = false;
  }

  #hear(event: ApiEvent): void {
    if (event.name !== 'folder.moving') return;
    this.move = event.data;
  }
}
