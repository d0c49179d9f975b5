import type { ApiEvent } from '../../../src-main/contract/api.ts';
import type {
  Adding,
  ForeignModel,
  ForeignModels,
  ModelsCopy,
} from '../../../src-main/contract/elsewhere.ts';
import { isCancelled, toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { ImportResult } from '../../../src-main/contract/model.ts';
import type { AppState } from '../app/app.svelte.ts';
import { formatBytes } from '../../text/format.ts';

/** Models of other apps on the models page: looking for them, choosing some, and how far copying them is. */
export class ElsewhereState {
  readonly #app: AppState;
  readonly #stop: () => void;
  /** null: nobody looked yet */
  found: readonly ForeignModels[] | null = $state.raw(null);
  looking: boolean = $state(false);
  adding: boolean = $state(false);
  how: Adding = $state('link');
  copy: ModelsCopy | null = $state.raw(null);
  cancelling: boolean = $state(false);
  error: ErrorData | null = $state.raw(null);
  notes: readonly string[] = $state.raw([]);
  refused: ImportResult['refused'] = $state.raw([]);
  #chosen: ReadonlySet<string> = $state.raw(new Set());

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
    // models may be copied since before this page was opened
    void app.attempt(async () => {
      this.copy = await app.bridge.api.library.copying({});
    });
  }

  close(): void {
    this.#stop();
  }

  async look(): Promise<void> {
    this.error = null;
    await this.#look();
  }

  async #look(): Promise<void> {
    this.looking = true;
    try {
      this.found = await this.#app.bridge.api.library.elsewhere({});
      this.#chosen = new Set([...this.#chosen].filter((path) => this.#models().some((m) => m.path === path)));
    } catch (error) {
      this.error = toErrorData(error);
    }
    this.looking = false;
  }

  get chosen(): readonly ForeignModel[] {
    return this.#models().filter(({ path }) => this.#chosen.has(path));
  }

  get chosenBytes(): number {
    return this.chosen.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  isChosen({ path }: ForeignModel): boolean {
    return this.#chosen.has(path);
  }

  choose({ path }: ForeignModel, isChosen: boolean): void {
    const others = [...this.#chosen].filter((one) => one !== path);
    this.#chosen = new Set(isChosen ? [...others, path] : others);
  }

  async add(): Promise<void> {
    const paths = this.chosen.flatMap(({ path, visionPath }) => [
      path,
      ...(visionPath === null ? [] : [visionPath]),
    ]);
    if (paths.length === 0) return;
    this.adding = true;
    this.error = null;
    this.notes = [];
    this.refused = [];
    try {
      const { added, notes, refused } = await this.#app.bridge.api.library.add({ paths, how: this.how });
      this.notes = notes;
      this.refused = refused;
      this.#chosen = new Set();
      const [first, ...others] = added;
      if (first !== undefined) {
        const text = others.length === 0 ? `${first.name} was added` : `${added.length} models were added`;
        this.#app.toasts.show({ text, tone: 'good' });
      }
    } catch (error) {
      if (isCancelled(error))
        this.#app.toasts.show({ text: 'Copying was stopped; models that were copied wholly stay' });
      else this.error = toErrorData(error);
    }
    this.adding = false;
    // what went wrong stays to be read
    await this.#look();
  }

  async cancel(): Promise<void> {
    this.cancelling = true;
    await this.#app.attempt(async () => {
      await this.#app.bridge.api.library.cancelCopying({});
    });
    this.cancelling = false;
  }

  /** Done and to do, as "Qwen2.5-VL: 1.20 GiB of 4.71 GiB". */
  get progressText(): string {
    if (!this.copy) return '';
    const { name, doneBytes, totalBytes, doneModels, totalModels } = this.copy;
    const which = totalModels > 1 ? `, model ${doneModels + 1} of ${totalModels}` : '';
    return `${name}: ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${which}`;
  }

  #models(): readonly ForeignModel[] {
    return (this.found ?? []).flatMap(({ models }) => models);
  }

  #hear(event: ApiEvent): void {
    if (event.name === 'library.copying') this.copy = event.data;
  }
}

/** What a model of another app is good for here. */
export function useWords({ kind, visionPath, problem, knownAs }: ForeignModel): string {
  if (knownAs !== null) return 'Here already';
  if (problem !== null) return `Can’t be used: ${problem}`;
  const use =
    kind === 'source'
      ? 'Can be fitted and chatted with'
      : 'Can be chatted with, not fitted: it is compressed';
  return visionPath === null ? `${use}; without pictures` : use;
}
