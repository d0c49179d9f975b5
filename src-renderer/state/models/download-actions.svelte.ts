import type { Download } from '../../../src-main/contract/downloads.ts';
import type { Remedy } from '../../../src-main/contract/remedies.ts';
import type { AppState } from '../app/app.svelte.ts';

/** What a person does with a download on the models page. */
export class DownloadActions {
  readonly #app: AppState;
  /** the one that is asked about: what is here of it would be deleted */
  cancelling: Download | null = $state.raw(null);

  constructor(app: AppState) {
    this.#app = app;
  }

  async pause({ id }: Download): Promise<void> {
    await this.#app.attempt(async () => void (await this.#app.bridge.api.downloads.pause({ id })));
  }

  async resume({ id }: Download): Promise<void> {
    await this.#app.attempt(async () => void (await this.#app.bridge.api.downloads.resume({ id })));
  }

  async cancel(): Promise<void> {
    const download = this.cancelling;
    this.cancelling = null;
    if (download === null) return;
    await this.#app.attempt(() => this.#app.bridge.api.downloads.cancel({ id: download.id }));
  }

  async clear({ id }: Download): Promise<void> {
    await this.#app.attempt(() => this.#app.bridge.api.downloads.clear({ id }));
  }

  /** What a button does about a download that failed; undefined for what cannot be done here. */
  remedy(remedy: Remedy): (() => void) | undefined {
    switch (remedy.kind) {
      case 'open-page':
        return () => void window.open(remedy.address, '_blank', 'noopener');
      case 'give-token':
        return () => this.#app.navigate('settings', 'downloads');
      case 'choose-models-folder':
        return () => this.#app.navigate('settings', 'folders');
      default:
        return undefined;
    }
  }
}
