import { downloadFile } from '../downloads/download-file.ts';
import type { DownloadProgress } from '../downloads/progress-meter.ts';
import { Http } from '../downloads/http.ts';
import { Hub } from '../downloads/hub.ts';
import { journalPath, partPath } from '../downloads/part-file.ts';
import type { ResolveProxy } from '../downloads/proxy.ts';
import { SpeedLimit } from '../downloads/speed-limit.ts';
import { takenDiskBytes } from '../files/disk.ts';
import { modesAt } from '../files/private-files.ts';
import type { Fetching, HubListing, HubPort, Parts } from './downloads/hub-port.ts';

interface HubChoices {
  readonly home: string;
  readonly hubAddress: () => string;
  readonly bytesPerSecond: () => number | null;
  /** the token for an address, where there is one that may be sent there */
  readonly tokenFor: (address: string) => string | undefined;
  /** how the system reaches an address; without it what the environment says */
  readonly resolveProxy?: ResolveProxy | undefined;
}

/** The way to the hub of the settings, as they are when it is asked. */
export class HubAccess implements AsyncDisposable {
  readonly #choices: HubChoices;
  readonly #http: Http;
  readonly #limit = new SpeedLimit();

  constructor(choices: HubChoices) {
    this.#choices = choices;
    this.#http = new Http({ resolveProxy: choices.resolveProxy });
  }

  hub(): Hub {
    const address = this.#choices.hubAddress();
    return new Hub({ http: this.#http, address, token: this.#choices.tokenFor(address) });
  }

  /** What downloads ask of it. */
  port(): HubPort {
    const hub = this.hub();
    return {
      address: this.#choices.hubAddress(),
      list: async (repository, revision, signal): Promise<HubListing> => {
        const { commit, files } = await hub.files(repository, revision, signal);
        return {
          commit,
          files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256: sha256 ?? null })),
        };
      },
      fetch: (fetching) => this.#fetch(hub, fetching),
    };
  }

  async #fetch(hub: Hub, { repository, commit, file, target, signal, ...told }: Fetching): Promise<string> {
    this.#heedLimit();
    const { sha256 } = await downloadFile({
      hub,
      file: { repository, revision: commit, path: file.path },
      to: target,
      modes: modesAt(target, this.#choices.home),
      expected: { bytes: file.bytes, sha256: file.sha256 ?? undefined },
      limit: this.#limit,
      signal,
      onProgress: (progress) => {
        this.#heedLimit();
        tell(progress, told);
      },
    });
    return sha256;
  }

  /** The limit may be changed while something is downloaded. */
  #heedLimit(): void {
    this.#limit.bytesPerSecond = this.#choices.bytesPerSecond();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}

function tell(
  { state, doneBytes }: DownloadProgress,
  { onBytes, onState }: Pick<Fetching, 'onBytes' | 'onState'>,
): void {
  if (state === 'downloading') onBytes(doneBytes);
  else onState(state);
}

/** What lies on disk of files that were begun. */
export const partsOnDisk: Parts = {
  of: (target) => [journalPath(target), partPath(target)],
  bytes: (target) => takenDiskBytes(partPath(target)),
};
