import { describe, expect, it } from 'vitest';
import { closeness, closenessOf, worstCloseness } from '../../../src-main/contract/closeness.ts';

describe('how near a model stays to its original, in words', () => {
  it('falls as agreement falls, from the best to another model', () => {
    const shares = [1, 0.96, 0.9, 0.75, 0.6, 0.3];
    expect(shares.map((share) => closenessOf(share).words)).toEqual([
      'hard to tell apart from the original',
      'hard to tell apart from the original',
      'close to the original',
      'noticeably different from the original',
      'very different from the original',
      'no longer the same model',
    ]);
    expect(shares.map((share) => closenessOf(share).tone)).toEqual([
      ...['good', 'good', 'good', 'warn', 'warn', 'bad'],
    ]);
  });

  it('is the worse of agreement and divergence', () => {
    expect(closeness({ topAgreement: 0.96, meanKld: 0.5 }).words).toContain('noticeably different');
    expect(closeness({ topAgreement: 0.75, meanKld: 0.01 }).words).toContain('noticeably different');
    // beyond measure
    expect(closeness({ topAgreement: 0.99, meanKld: null }).tone).toBe('bad');
  });

  it('is the worse of pictures and text', () => {
    const [good, poor] = [
      { topAgreement: 0.97, meanKld: 0.01 },
      { topAgreement: 0.6, meanKld: 1 },
    ];
    expect(worstCloseness([good, poor])).toEqual(closeness(poor));
    expect(worstCloseness([null, good])).toEqual(closeness(good));
  });
});
