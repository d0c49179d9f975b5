import type {
  Catalogue,
  CatalogueItem,
  CatalogueService,
  Offer,
} from '../../../src-main/contract/catalogue.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import { meansHubAddress } from '../../../src-main/contract/hub-address.ts';
import type { AppState } from '../app/app.svelte.ts';

/** What is known of one model on the hub: it is asked for, or was. */
export interface Asked {
  /** an id of the catalogue, or an address as it was pasted */
  readonly key: string;
  readonly asking: boolean;
  readonly offer: Offer | null;
  readonly error: ErrorData | null;
}

/** Models that can be downloaded. The hub is asked about one when a person looks at it, and not before. */
export class CatalogueState {
  readonly #app: AppState;
  readonly #rounds = new Map<string, number>();

  catalogue: Catalogue | null = $state.raw(null);
  error: ErrorData | null = $state.raw(null);
  /** by key */
  asked: Readonly<Record<string, Asked>> = $state.raw({});
  /** addresses that were pasted, newest first */
  addresses: readonly string[] = $state.raw([]);
  /** the one that a download is begun of */
  starting: string | null = $state(null);

  constructor(app: AppState) {
    this.#app = app;
  }

  async load(): Promise<void> {
    try {
      this.catalogue = await this.#app.bridge.api.catalogue.list({});
      this.error = null;
    } catch (error) {
      this.error = toErrorData(error);
    }
  }

  /** Asks the hub what one of the catalogue would come to. */
  async look(item: Pick<CatalogueItem, 'id'>, precision?: string): Promise<void> {
    await this.#ask(item.id, { id: item.id, precision });
  }

  /** The same of an address; one of the catalogue is shown there. */
  async lookAt(address: string, precision?: string): Promise<void> {
    const key = address.trim();
    if (!this.addresses.includes(key)) this.addresses = [key, ...this.addresses];
    await this.#ask(key, { address: key, precision });
  }

  async #ask(key: string, argument: Parameters<CatalogueService['offer']>[0]): Promise<void> {
    const round = (this.#rounds.get(key) ?? 0) + 1;
    this.#rounds.set(key, round);
    const offer = this.asked[key]?.offer ?? null;
    this.#put({ key, asking: true, offer, error: null });
    const asked = await this.#answerOf(key, argument);
    // who chose another file meanwhile waits for that, and who closed it for none
    if (this.#rounds.get(key) === round) this.#put({ offer, ...asked });
  }

  async #answerOf(key: string, argument: Parameters<CatalogueService['offer']>[0]) {
    try {
      const offer = await this.#app.bridge.api.catalogue.offer(argument);
      return { key, asking: false, offer, error: null };
    } catch (error) {
      return { key, asking: false, error: toErrorData(error) };
    }
  }

  #put(one: Asked): void {
    this.asked = { ...this.asked, [one.key]: one };
  }

  /** Takes what was asked about a model away again. */
  close(key: string): void {
    this.#rounds.delete(key);
    const { [key]: _, ...others } = this.asked;
    this.asked = others;
    this.addresses = this.addresses.filter((address) => address !== key);
  }

  /** Begins the download of what is offered. True when it has begun. */
  async get({ key, offer }: Asked): Promise<boolean> {
    if (offer === null) return false;
    this.starting = key;
    const { name, repository, revision, files, licence, needs } = offer;
    const began = await this.#app.attempt(async () => {
      await this.#app.bridge.api.downloads.start({
        name,
        repository,
        revision,
        files: files.map(({ path, role }) => ({ path, role })),
        ...(licence === null ? {} : { licence: { name: licence.name, url: licence.url } }),
        expected: { bytes: needs.downloadBytes },
      });
    });
    this.starting = null;
    return began;
  }
}

/** The lines of a pasted text that name models on the hub, and the others. */
export function partAddresses(lines: readonly string[]): { addresses: string[]; paths: string[] } {
  const addresses = lines.filter((line) => meansHubAddress(line));
  return { addresses, paths: lines.filter((line) => !addresses.includes(line)) };
}
