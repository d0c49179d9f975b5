import { describe, expect, it } from 'vitest';
import { MessageWindow } from '../../../../../src-renderer/state/chat/message-window.ts';

describe('a long thread', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => String(index));

  it('draws only what is near to what is seen, and the rest keeps its height', () => {
    const heights = new MessageWindow();
    for (const id of ids) heights.measure(id, 100);
    const range = heights.range(ids, 500_000, 1000);
    expect(range.end - range.first).toBeLessThan(40);
    expect(range.first * 100).toBe(range.before);
    expect(range.before + (range.end - range.first) * 100 + range.after).toBe(1_000_000);
  });

  it('shows the end when scrolled beyond it, and everything of a short thread', () => {
    const heights = new MessageWindow();
    expect(heights.range(ids, Number.MAX_SAFE_INTEGER, 800).end).toBe(10_000);
    expect(heights.range(['a', 'b'], 0, 800)).toEqual({ first: 0, end: 2, before: 0, after: 0 });
    expect(heights.range([], 0, 800)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
  });
});
