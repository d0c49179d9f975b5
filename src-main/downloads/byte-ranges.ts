import type { ByteRange } from './hub-answers.ts';

/** Which bytes of a file are there: ranges in order that neither touch nor overlap. */
export class ByteRanges {
  #ranges: ByteRange[] = [];

  constructor(ranges: readonly ByteRange[] = []) {
    for (const range of ranges) this.add(range);
  }

  add({ start, end }: ByteRange): void {
    if (start >= end) return;
    const before = this.#ranges.filter((range) => range.end < start);
    const after = this.#ranges.filter((range) => range.start > end);
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const whole = {
      start: Math.min(start, touched[0]?.start ?? start),
      end: Math.max(end, touched.at(-1)?.end ?? end),
    };
    this.#ranges = [...before, whole, ...after];
  }

  get ranges(): readonly ByteRange[] {
    return this.#ranges;
  }

  get bytes(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** How many bytes are there from the file's beginning on, without a gap. */
  get prefix(): number {
    const [first] = this.#ranges;
    return first?.start === 0 ? first.end : 0;
  }

  /** What a file of so many bytes lacks, in pieces of at most so many. */
  missing(bytes: number, mostBytes = Infinity): ByteRange[] {
    const pieces: ByteRange[] = [];
    let at = 0;
    for (const { start, end } of [...this.#ranges, { start: bytes, end: bytes }]) {
      while (at < start) {
        const piece = { start: at, end: Math.min(start, at + mostBytes) };
        pieces.push(piece);
        at = piece.end;
      }
      at = Math.max(at, end);
    }
    return pieces;
  }
}
