import { DEFAULT_SETTINGS, type Settings } from '../../src-main/contract/settings.ts';
import type { AppState } from './app.svelte.ts';

export const MOST_THREADS = 1024;

/** The settings page: what is typed becomes a setting when it makes sense as one. */
export class SettingsState {
  readonly #app: AppState;
  threadsError: string | undefined = $state(undefined);
  /** shown to be copied by hand where the clipboard can't be used */
  diagnostics: string | null = $state(null);

  constructor(app: AppState) {
    this.#app = app;
  }

  /** Empty: as many as the laptop has fast cores. */
  async setThreads(text: string): Promise<void> {
    const wanted = text.trim();
    const threads = wanted === '' ? null : Number(wanted);
    const valid = threads === null || (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS);
    this.threadsError = valid ? undefined : `A whole number from 1 to ${MOST_THREADS}, or nothing.`;
    if (valid) await this.#app.changeSettings({ threads });
  }

  async reset(): Promise<void> {
    const before: Settings = this.#app.settings;
    await this.#app.attempt(async () => {
      this.#app.settings = await this.#app.bridge.api.settings.reset({});
      this.threadsError = undefined;
      this.#app.toasts.show({
        text: 'The settings are as they were at first',
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
          text: 'Diagnostics copied: no file names, no words of a chat',
          tone: 'good',
          action: { label: 'Show', run: () => void (this.diagnostics = text) },
        });
      } catch {
        this.diagnostics = text;
      }
    });
  }
}
