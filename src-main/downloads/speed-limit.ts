import { pauseFor } from './retry.ts';

/** A speed that all downloads and their connections share. */
export class SpeedLimit {
  /** null for as fast as it goes; may be changed at any time */
  bytesPerSecond: number | null;
  /** when what was taken so far is used up, on the clock of `performance` */
  #usedUntil = 0;

  constructor(bytesPerSecond: number | null = null) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Waits until so many bytes may be taken. */
  async take(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.bytesPerSecond === null) return;
    const now = performance.now();
    this.#usedUntil = Math.max(now, this.#usedUntil) + (bytes / this.bytesPerSecond) * 1000;
    await pauseFor(this.#usedUntil - now, signal);
  }
}
