import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../../../src-main/contract/model.ts';
import {
  contextChoices,
  imageMaxTokensOf,
  pictureDetail,
} from '../../../../src-renderer/state/chat/chat-options.ts';
import { excerptParts } from '../../../../src-renderer/text/excerpt.ts';
import { spokenText, stageSteps } from '../../../../src-renderer/text/message-words.ts';
import { MessageWindow } from '../../../../src-renderer/state/chat/message-window.ts';

const model = {
  trainingContextTokens: 8192,
  mmproj: { path: 'x', bytes: 1 },
  imageTokens: { min: 4, max: 1024 },
} as ModelEntry;

describe('a search hit', () => {
  it('marks what matched and nothing else, tags included', () => {
    expect(excerptParts('…three \u0002mugs\u0003 on <b>a</b> \u0002shelf\u0003')).toEqual([
      { text: '…three ', matched: false },
      { text: 'mugs', matched: true },
      { text: ' on <b>a</b> ', matched: false },
      { text: 'shelf', matched: true },
    ]);
  });
});

describe('options', () => {
  it('offer contexts up to what the model was trained for, and the present one', () => {
    expect(contextChoices(model, 3000)).toEqual([1024, 2048, 3000, 4096, 8192]);
  });

  it('leave the picture limit to the model at the slider’s right end', () => {
    expect(pictureDetail(model, { imageMaxTokens: null })).toEqual({ min: 4, max: 1024, value: 1024 });
    expect(imageMaxTokensOf(1024, model)).toBeNull();
    expect(imageMaxTokensOf(300, model)).toBe(300);
    expect(pictureDetail({ ...model, mmproj: null }, { imageMaxTokens: null })).toBeNull();
  });
});

describe('words', () => {
  it('leave out the signs of Markdown when spoken', () => {
    expect(spokenText('# Hi\n\n| a | b |\n|---|--:|\n| **1** | [two](https://x.y) |')).toBe('Hi a b 1 two');
  });

  it('show the steps to an answer, looking only where there are pictures', () => {
    const reading = { conversationId: 'c', stage: 'reading', share: 0.5 } as const;
    expect(stageSteps(reading, 1).map((step) => step.state)).toEqual(['past', 'past', 'now', 'to come']);
    expect(stageSteps(reading, 0).map((step) => step.name)).toEqual(['Load', 'Read', 'Answer']);
  });
});

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
