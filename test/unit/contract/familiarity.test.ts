import { describe, expect, it } from 'vitest';
import { knowsWhatItReads, unfamiliarNotes } from '../../../src-main/contract/familiarity.ts';
import type { Divergence } from '../../../src-main/contract/fit-report.ts';

const measured = (change: Partial<Divergence>): Divergence => ({
  ...{ tokens: 192, meanKld: 0.4, medianKld: 0.2, p90Kld: 1, p99Kld: 2, topAgreement: 0.8 },
  ...{ perplexity: 9, sourcePerplexity: 8, belowChance: 0.01, sourceKnows: true },
  ...change,
});

describe('whether a source knows what it reads', () => {
  it.each([
    ['a real model on prose', 12, 151_936, true],
    ['a real model on hard text', 90, 32_000, true],
    ['a real model on what is no language', 5000, 151_936, false],
    ['the demo model in its world', 1.02, 2048, true],
    ['the demo model on photographs', 710_000, 2048, false],
    ['one that is beyond measure', Infinity, 2048, false],
    ['one that is broken', Number.NaN, 2048, false],
  ])('%s', (_, perplexity, vocabulary, knows) => {
    expect(knowsWhatItReads(perplexity, vocabulary)).toBe(knows);
  });
});

describe('what is said of it', () => {
  it('is nothing where the source knows what it reads, or where nobody looked', () => {
    expect(unfamiliarNotes({ image: measured({}), text: null })).toEqual([]);
    expect(unfamiliarNotes({ image: measured({ sourceKnows: null }), text: measured({}) })).toEqual([]);
  });

  it('is where it does not, how far it is off, and that the divergence means little', () => {
    const lost = measured({ sourcePerplexity: 712_345, belowChance: 0.634, sourceKnows: false });
    const [note, ...others] = unfamiliarNotes({ image: lost, text: measured({}) });
    expect(others).toEqual([]);
    expect(note).toContain('about the held-out pictures');
    expect(note).toContain('its perplexity is 712,000');
    expect(note).toContain('63 % of the positions');
    expect(note).toContain('A divergence there means little');
    expect(unfamiliarNotes({ image: lost, text: lost })).toHaveLength(2);
  });

  it('is said too where the perplexity is beyond measure', () => {
    const broken = measured({ sourcePerplexity: null, belowChance: null, sourceKnows: false });
    expect(unfamiliarNotes({ image: null, text: broken })[0]).toContain('beyond measure');
  });
});
