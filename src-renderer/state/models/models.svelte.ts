import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { BankUse, ImportResult, ModelDetails, ModelEntry } from '../../../src-main/contract/model.ts';
import type { AppState } from '../app/app.svelte.ts';
import { formatBytes } from '../../text/format.ts';

/** The models page: the library, one model looked into, files taken in, what is kept for refits. */
export class ModelsState {
  readonly #app: AppState;
  #asked = 0;

  details: ModelDetails | null = $state.raw(null);
  detailsError: ErrorData | null = $state.raw(null);
  bank: BankUse | null = $state.raw(null);
  importing: boolean = $state(false);
  refused: ImportResult['refused'] = $state.raw([]);
  /** what came of the files that were given besides models that were added */
  notes: readonly string[] = $state.raw([]);
  /** why the vision file of a model was not found, by the model's id */
  mmprojErrors: Readonly<Record<string, ErrorData>> = $state.raw({});

  constructor(app: AppState) {
    this.#app = app;
  }

  /** Newest first; the model that came with the app last. */
  get models(): readonly ModelEntry[] {
    return this.#app.models.toSorted(
      (a, b) => Number(a.builtIn) - Number(b.builtIn) || b.addedAt.localeCompare(a.addedAt),
    );
  }

  async loadBank(): Promise<void> {
    await this.#app.attempt(async () => {
      this.bank = await this.#app.bridge.api.library.bank({});
    });
  }

  /** Looks into the model the address names; none closes the view. */
  async inspect(id: string | null): Promise<void> {
    const asked = ++this.#asked;
    this.details = null;
    this.detailsError = null;
    if (id === null) return;
    try {
      const details = await this.#app.bridge.api.library.inspect({ id });
      if (asked === this.#asked) this.details = details;
    } catch (error) {
      if (asked === this.#asked) this.detailsError = toErrorData(error);
    }
  }

  /** Looks anew into the model that is shown. */
  async refreshDetails(id: string): Promise<void> {
    const asked = this.#asked;
    await this.#app.attempt(async () => {
      const details = await this.#app.bridge.api.library.inspect({ id });
      if (asked === this.#asked && this.details?.entry.id === id) this.details = details;
    });
  }

  /** Takes files where they lie. True when none was refused. */
  async take(paths: readonly string[]): Promise<boolean> {
    const wanted = paths.filter((path) => path.trim() !== '');
    if (wanted.length === 0) return false;
    this.importing = true;
    this.closeOutcome();
    const asked = await this.#app.attempt(async () => {
      const result = await this.#app.bridge.api.library.add({ paths: wanted });
      this.refused = result.refused;
      this.notes = [...result.notes, ...knownWords(result.known)];
      const [first, ...others] = result.added;
      if (first === undefined) return;
      const text =
        others.length === 0 ? `${first.name} was added` : `${result.added.length} models were added`;
      this.#app.toasts.show({ text, tone: 'good' });
    });
    this.importing = false;
    return asked && this.refused.length === 0;
  }

  /** Files dropped on the page; a browser does not say where they lie. */
  async takeDropped(files: readonly File[]): Promise<void> {
    const paths = files.map((file) => this.#app.bridge.pathOf(file)).filter((path) => path !== undefined);
    if (paths.length > 0) {
      await this.take(paths);
      return;
    }
    this.refused = files.map(({ name }) => ({
      path: name,
      message: 'a browser doesn’t tell where a dropped file is',
      advice: 'Paste its path into the field above.',
    }));
  }

  async chooseFiles(): Promise<void> {
    await this.#app.attempt(async () => {
      const paths = (await this.#app.bridge.chooseModels?.()) ?? [];
      await this.take(paths);
    });
  }

  closeOutcome(): void {
    this.refused = [];
    this.notes = [];
  }

  async findMmproj(model: ModelEntry): Promise<void> {
    await this.#pair(model, () => this.#app.bridge.api.library.findMmproj({ id: model.id }));
  }

  async setMmproj(model: ModelEntry, path: string): Promise<void> {
    const mmprojPath = path.trim();
    await this.#pair(model, () => this.#app.bridge.api.library.setMmproj({ id: model.id, mmprojPath }));
  }

  async chooseMmproj(model: ModelEntry): Promise<void> {
    await this.#app.attempt(async () => {
      const [path] = (await this.#app.bridge.chooseModels?.()) ?? [];
      if (path !== undefined) await this.setMmproj(model, path);
    });
  }

  async remove(model: ModelEntry, deleteFile: boolean): Promise<void> {
    await this.#app.attempt(async () => {
      const { library } = this.#app.bridge.api;
      const { freedBytes } = await library.remove({ id: model.id, deleteFile });
      const freed = freedBytes > 0 ? `, which frees ${formatBytes(freedBytes)}` : '';
      this.#app.toasts.show({
        text: `${model.name} was removed${freed}`,
        action: {
          label: 'Undo',
          run: async () => {
            await this.#app.attempt(async () => {
              await library.restore({ id: model.id });
            });
          },
        },
      });
    });
  }

  async cleanBank(): Promise<void> {
    await this.#app.attempt(async () => {
      const { freedBytes } = await this.#app.bridge.api.library.cleanBank({});
      this.#app.toasts.show({ text: `${formatBytes(freedBytes)} freed`, tone: 'good' });
    });
    await this.loadBank();
  }

  async showInFolder(path: string): Promise<void> {
    await this.#app.attempt(async () => {
      await this.#app.bridge.showInFolder?.(path);
    });
  }

  async #pair(model: ModelEntry, find: () => Promise<ModelEntry>): Promise<void> {
    const { [model.id]: _, ...others } = this.mmprojErrors;
    this.mmprojErrors = others;
    try {
      await find();
      this.#app.toasts.show({ text: `${model.name} can see pictures now`, tone: 'good' });
    } catch (error) {
      this.mmprojErrors = { ...others, [model.id]: toErrorData(error) };
    }
  }
}

/** "Demo-VL is already here." */
function knownWords(known: readonly ModelEntry[]): string[] {
  const names = [...new Set(known.map(({ name }) => name))];
  if (names.length === 0) return [];
  return [`${names.join(', ')} ${known.length === 1 ? 'is' : 'are'} already here.`];
}

export const KINDS: Readonly<Record<ModelEntry['kind'], string>> = {
  source: 'Original',
  fitted: 'Fitted here',
  quantized: 'Compressed elsewhere',
};

const FAMILY_WORDS = {
  uniform: 'one type for all layers',
  tensors: 'a type for every tensor',
  source: 'as the original',
} as const;

/** "12 of 28 layers ultra-low" of a model Snug made; null of any other. */
export function planWords(model: ModelEntry): string | null {
  if (model.plan === null) return null;
  const { lowLayers, family = 'luq' } = model.plan;
  if (family !== 'luq') return FAMILY_WORDS[family];
  return lowLayers === 0 ? 'no layer ultra-low' : `${lowLayers} of ${model.layers} layers ultra-low`;
}
