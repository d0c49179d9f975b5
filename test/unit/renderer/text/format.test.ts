import { describe, expect, it } from 'vitest';
import { formatAgo } from '../../../../src-renderer/text/format.ts';

describe('how long ago something was', () => {
  // local times: what is a day depends on where one is
  const now = new Date(2026, 10, 27, 14, 0, 0);
  const ago = (...parts: [number, number, number, number, number, number?]) =>
    formatAgo(new Date(...parts).toISOString(), now);

  it.each([
    ['just now', ago(2026, 10, 27, 13, 59, 30)],
    ['1 minute ago', ago(2026, 10, 27, 13, 59)],
    ['59 minutes ago', ago(2026, 10, 27, 13, 0, 30)],
    ['2 hours ago', ago(2026, 10, 27, 11, 30)],
    ['13 hours ago', ago(2026, 10, 27, 0, 30)],
    ['yesterday', ago(2026, 10, 26, 23, 30)],
    ['yesterday', ago(2026, 10, 26, 0, 30)],
    ['3 days ago', ago(2026, 10, 24, 9, 0)],
    ['7 days ago', ago(2026, 10, 20, 18, 0)],
    ['20 Nov 2026', ago(2026, 10, 20, 9, 0)],
  ])('is %s', (words, said) => {
    expect(said).toBe(words);
  });

  it('is just now where the clock was set back meanwhile', () => {
    expect(ago(2026, 10, 27, 15, 0)).toBe('just now');
  });

  it('leaves what is no time as it is', () => {
    expect(formatAgo('soon', now)).toBe('soon');
  });
});
