/** Words of an answer as they come, up to the first of some texts. What may be the beginning of one is held back until it is known. */
export class StopTexts {
  readonly #stops: readonly string[];
  #held = '';
  #isStopped = false;

  /** Empty texts are none. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** Whether one of them has come; nothing is let through from there on. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** What may be said of the answer with this piece of it. */
  push(piece: string): string {
    if (this.#isStopped) return '';
    const text = this.#held + piece;
    const found = this.#stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#isStopped = true;
      this.#held = '';
      return text.slice(0, Math.min(...found));
    }
    const held = Math.max(0, ...this.#stops.map((stop) => beginningAtEnd(text, stop)));
    this.#held = text.slice(text.length - held);
    return text.slice(0, text.length - held);
  }

  /** What was held back, once nothing more comes. */
  rest(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** How many letters at the end of a text are the first ones of another, which is not whole there. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
