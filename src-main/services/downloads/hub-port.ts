/** A file as a hub lists it. */
export interface HubFile {
  /** in the repository */
  readonly path: string;
  readonly bytes: number;
  /** null where the hub does not say it */
  readonly sha256: string | null;
}

export interface HubListing {
  /** what the revision that was asked for is now */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

export interface Fetching {
  readonly repository: string;
  readonly commit: string;
  readonly file: HubFile;
  /** where the whole file will be; what comes lies beside it until then, and is gone on with */
  readonly target: string;
  readonly signal: AbortSignal;
  /** bytes of the file that are here, from time to time */
  readonly onBytes: (done: number) => void;
  /** it waits for the network, or for a hub that asked to; or all bytes are here and are compared with the hash */
  readonly onState: (state: 'waiting' | 'verifying') => void;
}

/** What a download asks of a hub. */
export interface HubPort {
  /** its address */
  readonly address: string;
  list(repository: string, revision: string, signal: AbortSignal): Promise<HubListing>;
  /** Fetches a file and checks it; returns its SHA-256 in hex. */
  fetch(fetching: Fetching): Promise<string>;
}

/** What lies on disk of a file that was not fetched whole. */
export interface Parts {
  /** the files that belong to a target that is not whole */
  of(target: string): readonly string[];
  /** bytes of the disk that they take */
  bytes(target: string): number;
}
