import { describe, expect, it } from 'vitest';
import { excerptParts } from '../../../../src-renderer/text/excerpt.ts';

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
