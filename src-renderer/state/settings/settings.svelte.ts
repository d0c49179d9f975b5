import {
  DEFAULT_SETTINGS,
  MOST_GPU_LAYERS,
  MOST_THREADS,
  type Settings,
} from '../../../src-main/contract/settings.ts';
import { hasGraphicsDevice } from '../../../src-main/contract/laptop.ts';
import type { AppState } from '../app/app.svelte.ts';

/** The settings page: what is typed becomes a setting when it makes sense as one. */
export class SettingsState {
  readonly #app: AppState;
  threadsError: string | undefined = $state(undefined);
  gpuLayersError: string | undefined = $state(undefined);
  /** shown to be copied by hand where the clipboard can't be used */
  diagnostics: string | null = $state(null);

  constructor(app: AppState) {
    this.#app = app;
  }

  /** Empty: as many as the laptop has fast cores. */
  async setThreads(text: string): Promise<void> {
    const threads = wholeOrNothing(text, 1, MOST_THREADS);
    this.threadsError = threads === undefined ? wanted(1, MOST_THREADS) : undefined;
    if (threads !== undefined) await this.#app.changeSettings({ threads });
  }

  /** Whether layers can go anywhere but to the CPU. */
  get offersGpuLayers(): boolean {
    return hasGraphicsDevice(this.#app.laptop?.computeDevices ?? []);
  }

  /** Empty: none. */
  async setGpuLayers(text: string): Promise<void> {
    const gpuLayers = wholeOrNothing(text, 0, MOST_GPU_LAYERS);
    this.gpuLayersError = gpuLayers === undefined ? wanted(0, MOST_GPU_LAYERS) : undefined;
    if (gpuLayers !== undefined) await this.#app.changeSettings({ gpuLayers });
  }

  async reset(): Promise<void> {
    const before: Settings = this.#app.settings;
    await this.#app.attempt(async () => {
      this.#app.settings = await this.#app.bridge.api.settings.reset({});
      this.threadsError = undefined;
      this.gpuLayersError = undefined;
      this.#app.toasts.show({
        text: 'Settings reset',
        action: { label: 'Undo', run: () => this.#app.changeSettings(before) },
      });
    });
  }

  get changed(): boolean {
    const { settings } = this.#app;
    return Object.entries(DEFAULT_SETTINGS).some(
      ([name, value]) => settings[name as keyof Settings] !== value,
    );
  }

  async copyDiagnostics(clipboard: Pick<Clipboard, 'writeText'>): Promise<void> {
    await this.#app.attempt(async () => {
      const text = await this.#app.bridge.api.app.diagnostics({});
      try {
        await clipboard.writeText(text);
        this.#app.toasts.show({
          text: 'Diagnostics copied, without file names or anything from your chats',
          tone: 'good',
          action: { label: 'Show', run: () => void (this.diagnostics = text) },
        });
      } catch {
        this.diagnostics = text;
      }
    });
  }
}

/** What was typed as a whole number, null for nothing typed; undefined when it is neither. */
function wholeOrNothing(text: string, least: number, most: number): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  const number = Number(typed);
  return Number.isInteger(number) && number >= least && number <= most ? number : undefined;
}

function wanted(least: number, most: number): string {
  return `A whole number from ${least} to ${most}, or nothing.`;
}
