import { describe, expect, it } from 'vitest';
import type { PictureCost, PictureCosts } from '../../../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import { DraftCosts, type CostsOf } from '../../../../../src-renderer/state/chat/draft-costs.svelte.ts';
import { detailWords, droppedWords } from '../../../../../src-renderer/text/picture-words.ts';

const cost = (tokens: number, seconds: number | null = null): PictureCost => ({
  ...{ pictures: [{ hash: 'photo', tokens }], tokens, contextShare: tokens / 4096, seconds, dropped: 0 },
});
const photo = (text = '') => ({ text, pictures: ['photo'], editing: null });

function costsOf(answer: () => PictureCosts | null) {
  const asked: Parameters<CostsOf>[0][] = [];
  const costs = new DraftCosts((question) => {
    asked.push(question);
    return Promise.resolve(answer());
  });
  return { costs, asked };
}

describe('more detail', () => {
  it('is one choice that says what it costs, and can be taken back', async () => {
    const { costs } = costsOf(() => ({ usual: cost(972, 30), more: cost(2961, 92) }));
    await costs.refresh(photo());
    expect(costs.tokensOf('photo')).toBe(972);
    expect(costs.other && detailWords(costs.other)).toBe('2,961 tokens, about 1\u00a0min 32\u00a0s');
    costs.moreDetail = true;
    expect(costs.tokensOf('photo')).toBe(2961);
    expect(costs.other && detailWords(costs.other)).toBe('972 tokens, about 30\u00a0s');
    // the next question begins as usual
    await costs.refresh({ text: '', pictures: [], editing: null });
    expect([costs.moreDetail, costs.chosen]).toEqual([false, null]);
  });

  it('is not offered where a picture shows all it can', async () => {
    const { costs } = costsOf(() => ({ usual: cost(100), more: null }));
    await costs.refresh(photo());
    expect(costs.other).toBeNull();
    costs.moreDetail = true;
    expect(costs.tokensOf('photo')).toBe(100);
  });
});

describe('the cost of pictures', () => {
  it('is asked for again when many words were written, and not for every letter', async () => {
    const { costs, asked } = costsOf(() => ({ usual: cost(972), more: null }));
    await costs.refresh(photo());
    await costs.wordsChanged(photo('What is this?'));
    expect(asked).toHaveLength(1);
    await costs.wordsChanged(photo('word '.repeat(100)));
    expect(asked).toHaveLength(2);
  });

  it('that cannot be told says why, and goes with the next that can', async () => {
    let full = true;
    const { costs } = costsOf(() => {
      if (full) throw new SnugError('CONTEXT_FULL', 'it is full');
      return { usual: cost(972), more: null };
    });
    await costs.refresh(photo());
    expect(costs.problem?.code).toBe('CONTEXT_FULL');
    full = false;
    await costs.refresh(photo());
    expect([costs.problem, costs.tokensOf('photo')]).toEqual([null, 972]);
  });

  it('says what will be forgotten for them', () => {
    expect(droppedWords(1)).toContain('the oldest message.');
    expect(droppedWords(3)).toContain('the oldest 3 messages.');
  });
});
