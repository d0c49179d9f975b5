import { describe, expect, it } from 'vitest';
import { longerContext } from '../../../src-main/chat/longer-context.ts';

describe('a longer context', () => {
  it('holds the message and an answer', () => {
    const [remedy] = longerContext({ needed: 4108, now: 4096, most: 128_000 });
    expect(remedy).toEqual({ kind: 'set-context', tokens: 8192 });
  });

  it('goes as far as the model was trained, and no further', () => {
    expect(longerContext({ needed: 4108, now: 4096, most: 6000 })).toEqual([
      { kind: 'set-context', tokens: 6000 },
    ]);
    expect(longerContext({ needed: 5600, now: 4096, most: 6000 })).toEqual([]);
  });

  it('is not offered where the model is at its longest already, or nobody knows how much is needed', () => {
    expect(longerContext({ needed: 3900, now: 4096, most: 4096 })).toEqual([]);
    expect(longerContext({ needed: Infinity, now: 4096, most: 128_000 })).toEqual([]);
  });
});
