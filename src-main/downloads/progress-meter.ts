/** How far the download of a file is. */
export interface DownloadProgress {
  /** `waiting` for a hub that asked to, or for the network; `verifying` has all bytes and is compared with the hub's hash */
  readonly state: 'downloading' | 'waiting' | 'verifying';
  /** of the file; what is hashed while it is verified */
  readonly doneBytes: number;
  readonly bytes: number;
  /** undefined while too little is known */
  readonly bytesPerSecond: number | undefined;
}

const LEAST_MILLISECONDS = 300;
const SPEED_MILLISECONDS = 5000;

interface Moment {
  readonly at: number;
  readonly bytes: number;
}

/** Tells how far a download is, a few times a second at most, and how fast it went in the last seconds. */
export class ProgressMeter {
  readonly #tell: (progress: DownloadProgress) => void;
  readonly #now: () => number;
  #moments: Moment[] = [];
  #toldAt = -Infinity;
  #state: DownloadProgress['state'] | undefined;

  constructor(tell: (progress: DownloadProgress) => void = () => undefined, now = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** A change of state is told at once. */
  show({ state, doneBytes, bytes }: Omit<DownloadProgress, 'bytesPerSecond'>): void {
    const at = this.#now();
    const isNew = state !== this.#state;
    if (isNew && (state === 'verifying' || this.#state === 'verifying')) this.#moments = [];
    const isLast = doneBytes === bytes;
    if (!isNew && !isLast && at - this.#toldAt < LEAST_MILLISECONDS) return;
    this.#state = state;
    this.#toldAt = at;
    this.#moments = [
      ...this.#moments.filter((moment) => at - moment.at <= SPEED_MILLISECONDS),
      { at, bytes: doneBytes },
    ];
    this.#tell({ state, doneBytes, bytes, bytesPerSecond: this.#speed() });
  }

  #speed(): number | undefined {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)];
    if (!first || !last || last.at - first.at < LEAST_MILLISECONDS) return undefined;
    return Math.max(0, Math.round(((last.bytes - first.bytes) / (last.at - first.at)) * 1000));
  }
}
