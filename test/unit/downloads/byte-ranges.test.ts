import { describe, expect, it } from 'vitest';
import { ByteRanges } from '../../../src-main/downloads/byte-ranges.ts';

const range = (start: number, end: number) => ({ start, end });

describe('ranges of a file', () => {
  it('that touch or overlap become one', () => {
    const ranges = new ByteRanges([range(10, 20), range(30, 40), range(20, 25)]);
    expect(ranges.ranges).toEqual([range(10, 25), range(30, 40)]);
    ranges.add(range(12, 30));
    expect(ranges.ranges).toEqual([range(10, 40)]);
    ranges.add(range(0, 5));
    ranges.add(range(7, 7));
    expect(ranges.ranges).toEqual([range(0, 5), range(10, 40)]);
    expect(ranges.bytes).toBe(35);
  });

  it('know how far they go from the beginning without a gap', () => {
    expect(new ByteRanges().prefix).toBe(0);
    expect(new ByteRanges([range(5, 9)]).prefix).toBe(0);
    expect(new ByteRanges([range(5, 9), range(0, 5)]).prefix).toBe(9);
  });

  it('know what is missing, in pieces', () => {
    const ranges = new ByteRanges([range(10, 20), range(90, 100)]);
    expect(ranges.missing(100)).toEqual([range(0, 10), range(20, 90)]);
    expect(ranges.missing(110, 40)).toEqual([range(0, 10), range(20, 60), range(60, 90), range(100, 110)]);
    expect(new ByteRanges([range(0, 100)]).missing(100)).toEqual([]);
    expect(new ByteRanges().missing(0)).toEqual([]);
  });

  it('are what single bytes say, whatever the order', () => {
    let state = 7;
    const random = (most: number) => (state = (state * 48_271) % 2_147_483_647) % most;
    for (let round = 0; round < 200; round++) {
      const ranges = new ByteRanges();
      const bytes = new Set<number>();
      for (let i = 0; i < 8; i++) {
        const start = random(60);
        const end = start + random(12);
        ranges.add(range(start, end));
        for (let at = start; at < end; at++) bytes.add(at);
      }
      const told = ranges.ranges.flatMap(({ start, end }) =>
        Array.from({ length: end - start }, (_, i) => start + i),
      );
      expect(told).toEqual([...bytes].toSorted((a, b) => a - b));
      const missing = ranges
        .missing(80, 5)
        .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
      expect(missing).toEqual(Array.from({ length: 80 }, (_, i) => i).filter((at) => !bytes.has(at)));
    }
  });
});
