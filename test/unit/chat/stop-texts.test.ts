import { describe, expect, it } from 'vitest';
import { StopTexts } from '../../../src-main/chat/stop-texts.ts';

function said(stops: readonly string[], pieces: readonly string[]): { text: string; isStopped: boolean } {
  const made = new StopTexts(stops);
  const text = [...pieces.map((piece) => made.push(piece)), made.rest()].join('');
  return { text, isStopped: made.isStopped };
}

describe('words up to a text', () => {
  it.each([
    ['in one piece', ['a b END c'], 'a b '],
    ['in several', ['a b E', 'N', 'D c'], 'a b '],
    ['that begins twice', ['a EE', 'END'], 'a EE'],
    ['at the very beginning', ['END'], ''],
  ])('%s', (_, pieces, text) => {
    expect(said(['END'], pieces)).toEqual({ text, isStopped: true });
  });

  it('end at the first of several, also where one is the beginning of another', () => {
    expect(said(['c', 'b'], ['a b c']).text).toBe('a ');
    expect(said(['bcd', 'b'], ['a b c']).text).toBe('a ');
  });

  it('are all that is said where it never comes, whatever was held back', () => {
    expect(said(['END', ''], ['a EN', 'E', 'N'])).toEqual({ text: 'a ENEN', isStopped: false });
    expect(said([], ['a ', 'b'])).toEqual({ text: 'a b', isStopped: false });
  });

  it('are let through as they come', () => {
    const made = new StopTexts(['\n\n']);
    expect([made.push('a'), made.push('b\n'), made.push('c')]).toEqual(['a', 'b', '\nc']);
  });
});
