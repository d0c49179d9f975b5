/** What a message is taken to be high until it has been drawn once, in pixels. */
const GUESSED_HEIGHT = 160;
/** Drawn above and below what is seen, so that scrolling meets finished messages. */
const MARGIN = 800;

export interface Range {
  /** first and one past the last to draw */
  readonly first: number;
  readonly end: number;
  /** pixels that stand for what is not drawn above and below */
  readonly before: number;
  readonly after: number;
}

/** Which messages of a long thread are drawn, from the heights they had. */
export class MessageWindow {
  readonly #heights = new Map<string, number>();

  /** True when the height is news. */
  measure(id: string, height: number): boolean {
    if (this.#heights.get(id) === height) return false;
    this.#heights.set(id, height);
    return true;
  }

  heightOf(id: string): number {
    return this.#heights.get(id) ?? GUESSED_HEIGHT;
  }

  /** A place beyond the end means the end: heights below may still be guesses. */
  range(ids: readonly string[], scrollTop: number, viewport: number): Range {
    const total = ids.reduce((sum, id) => sum + this.heightOf(id), 0);
    const seen = Math.max(0, Math.min(scrollTop, total - viewport));
    const range = { first: 0, end: ids.length, before: 0, after: 0 };
    let top = 0;
    for (const [index, id] of ids.entries()) {
      const bottom = top + this.heightOf(id);
      if (bottom < seen - MARGIN) {
        range.first = index + 1;
        range.before = bottom;
      } else if (top > seen + viewport + MARGIN) {
        range.end = index;
        range.after = total - top;
        break;
      }
      top = bottom;
    }
    return range;
  }

  /** Where a message begins, in pixels from the start of the thread. */
  offset(ids: readonly string[], id: string): number {
    let top = 0;
    for (const one of ids) {
      if (one === id) return top;
      top += this.heightOf(one);
    }
    return top;
  }
}
