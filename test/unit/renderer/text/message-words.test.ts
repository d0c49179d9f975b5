import { describe, expect, it } from 'vitest';
import { spokenText, stageSteps } from '../../../../src-renderer/text/message-words.ts';

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
