/** What is written at once: TLS hands over 16 KiB at a time, and each write costs a turn of the loop. */
const WRITTEN_BYTES = 256 * 2 ** 10;

/** Gathers chunks and hands them on as fewer and larger ones, in one piece of memory. */
export class Gathered {
  readonly #memory = Buffer.allocUnsafe(WRITTEN_BYTES);
  readonly #hand: (bytes: Buffer) => Promise<void>;
  /** that are gathered and not handed on */
  bytes = 0;

  /** @param hand done with the bytes when its promise is */
  constructor(hand: (bytes: Buffer) => Promise<void>) {
    this.#hand = hand;
  }

  async add(chunk: Buffer): Promise<void> {
    for (let taken = 0; taken < chunk.length;) {
      const copied = chunk.copy(this.#memory, this.bytes, taken);
      taken += copied;
      this.bytes += copied;
      if (this.bytes === WRITTEN_BYTES) await this.write();
    }
  }

  /** Hands on what there is. */
  async write(): Promise<void> {
    const bytes = this.#memory.subarray(0, this.bytes);
    if (bytes.length > 0) await this.#hand(bytes);
    this.bytes = 0;
  }
}
