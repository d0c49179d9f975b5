import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import { hubAddressProblem } from '../../../src-main/contract/hub-setting.ts';
import { DEFAULT_SETTINGS, LEAST_DOWNLOAD_SPEED } from '../../../src-main/contract/settings.ts';
import type { KeptToken, TokenView } from '../../../src-main/contract/tokens.ts';
import type { AppState } from '../app/app.svelte.ts';

const MIB = 2 ** 20;
/** A limit that no connection has reads as a slip. */
const MOST_SPEED = 10_000 * MIB;

/** Downloads on the settings page: the hub, how much of the connection they take, and tokens. */
export class DownloadSettings {
  readonly #app: AppState;
  hubError: string | undefined = $state(undefined);
  speedError: string | undefined = $state(undefined);
  tokens: TokenView | null = $state.raw(null);
  /** the token being typed; gone from the page once it is kept */
  typed: string = $state('');
  tokenError: ErrorData | null = $state.raw(null);

  constructor(app: AppState) {
    this.#app = app;
  }

  async load(): Promise<void> {
    await this.#app.attempt(async () => {
      this.tokens = await this.#app.bridge.api.tokens.list({});
    });
  }

  /** Empty: Hugging Face. */
  async setHub(text: string): Promise<void> {
    const hubAddress = text.trim() === '' ? DEFAULT_SETTINGS.hubAddress : text.trim();
    this.hubError = hubAddressProblem(hubAddress) ?? undefined;
    if (this.hubError === undefined) await this.#app.changeSettings({ hubAddress });
  }

  /** MiB a second; empty: no limit. */
  async setSpeed(text: string): Promise<void> {
    const typed = text.trim();
    const bytes = typed === '' ? null : Math.round(Number(typed.replace(',', '.')) * MIB);
    const isWrong = bytes !== null && !(bytes >= LEAST_DOWNLOAD_SPEED && bytes <= MOST_SPEED);
    this.speedError = isWrong
      ? `Give a number from ${LEAST_DOWNLOAD_SPEED / MIB} to ${MOST_SPEED / MIB}, or leave it empty.`
      : undefined;
    if (!isWrong) await this.#app.changeSettings({ downloadBytesPerSecond: bytes });
  }

  /** MiB a second as it is typed. */
  get speed(): string {
    const bytes = this.#app.settings.downloadBytesPerSecond;
    return bytes === null ? '' : String(Number((bytes / MIB).toFixed(3)));
  }

  async keepToken(): Promise<void> {
    await this.#change(() => this.#app.bridge.api.tokens.set({ token: this.typed.trim() }));
    if (this.tokenError === null) this.typed = '';
  }

  async forget({ hub }: KeptToken): Promise<void> {
    await this.#change(() => this.#app.bridge.api.tokens.forget({ hub }));
  }

  async #change(change: () => Promise<TokenView>): Promise<void> {
    this.tokenError = null;
    try {
      this.tokens = await change();
    } catch (error) {
      this.tokenError = toErrorData(error);
    }
  }
}

const PLACES: Readonly<Record<KeptToken['place'], string>> = {
  keychain: 'in this system’s keychain',
  session: 'until Snug is closed',
  file: 'in a file that only you can read',
  environment: 'from HF_TOKEN, where Snug was started',
};

/** Where a token is kept, in words. */
export function placeWords(place: KeptToken['place']): string {
  return PLACES[place];
}
