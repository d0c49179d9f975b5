import type { Download } from '../../../src-main/contract/downloads.ts';
import type { Bridge } from '../../bridge/bridge.ts';

/** Downloads in the order they were started, as the main process tells of them. */
export class DownloadList {
  readonly #bridge: Bridge;
  readonly #onEnd: (download: Download) => void;
  list: readonly Download[] = $state.raw([]);

  /** `onEnd` hears of each that is done or failed, once, when that happens. */
  constructor(bridge: Bridge, onEnd: (download: Download) => void) {
    this.#bridge = bridge;
    this.#onEnd = onEnd;
  }

  async load(): Promise<void> {
    this.list = await this.#bridge.api.downloads.list({});
  }

  take(list: readonly Download[]): void {
    const before = new Map(this.list.map((one) => [one.id, one]));
    this.list = list;
    for (const one of list) {
      const was = before.get(one.id)?.state;
      if (hasEnded(one.state) && was !== undefined && !hasEnded(was)) this.#onEnd(one);
    }
  }

  /** Those at work, or waiting for one that is. */
  get active(): readonly Download[] {
    return this.list.filter(({ state }) => isActive(state));
  }

  /** How much of all that is at work is here, 0 to 1; null while nothing is, or its size is not known. */
  get share(): number | null {
    const sizes = this.active.map(({ bytes }) => bytes);
    const whole = sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0);
    if (whole === 0 || sizes.includes(null)) return null;
    return this.active.reduce((sum, { doneBytes }) => sum + doneBytes, 0) / whole;
  }
}

export function isActive(state: Download['state']): boolean {
  return state !== 'paused' && !hasEnded(state);
}

function hasEnded(state: Download['state']): boolean {
  return state === 'done' || state === 'failed';
}
