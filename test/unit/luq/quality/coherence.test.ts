import { describe, expect, it } from 'vitest';
import { LARGEST_KLD, LEAST_AGREEMENT, judge } from '../../../../src-main/luq/quality/coherence.ts';
import { heldOutParts } from '../../../../src-main/luq/quality/held-out.ts';
import type { PlannedSequence } from '../../../../src-main/luq/calibrate/sequences.ts';
import type { Divergence } from '../../../../src-main/contract/fit-report.ts';
import { pictureSequence, textSequence } from '../../../helpers/planned-sequences.ts';

const answering = (first: number, count: number): PlannedSequence => ({
  ...pictureSequence(200),
  answer: { first, count },
});
const spans = (sequences: readonly PlannedSequence[]) =>
  heldOutParts(sequences).map(({ first, count }) => ({ first, count }));

describe('the positions compared', () => {
  it('are the answer about a picture, from its start', () => {
    expect(spans([answering(150, 10)])).toEqual([{ first: 150, count: 10 }]);
    expect(spans([answering(100, 90)])).toEqual([{ first: 100, count: 32 }]);
  });

  it('are the end of a text, where the context is longest', () => {
    expect(spans([textSequence(512)])).toEqual([{ first: 479, count: 32 }]);
    expect(spans([textSequence(20)])).toEqual([{ first: 0, count: 19 }]);
  });

  it('leave out a sequence without an answer', () => {
    expect(spans([answering(150, 0)])).toEqual([]);
  });

  it('are limited for pictures and texts apart', () => {
    const parts = heldOutParts([
      ...Array.from({ length: 20 }, () => textSequence(512)),
      ...Array.from({ length: 20 }, () => answering(100, 50)),
    ]);
    const counted = (kind: string) =>
      parts.filter(({ sequence }) => sequence.kind === kind).reduce((sum, { count }) => sum + count, 0);
    expect(counted('text')).toBe(192);
    expect(counted('picture')).toBe(192);
  });
});

const measured = (values: Pick<Divergence, 'tokens' | 'meanKld' | 'topAgreement'>): Divergence => ({
  ...values,
  medianKld: null,
  p90Kld: null,
  p99Kld: null,
  perplexity: null,
  sourcePerplexity: null,
  belowChance: null,
  sourceKnows: null,
});

describe('the judgement', () => {
  const close = measured({ tokens: 100, meanKld: 0.05, topAgreement: 0.95 });

  it('is good for a model that says what its source says', () => {
    expect(judge({ image: close, text: close, answers: null })).toEqual({
      image: close,
      text: close,
      answers: null,
      coherent: true,
      reasons: [],
    });
    const atTheLimit = measured({ tokens: 1, meanKld: LARGEST_KLD, topAgreement: LEAST_AGREEMENT });
    expect(judge({ image: null, text: atTheLimit, answers: null }).coherent).toBe(true);
  });

  it('names what a model that lost its sight is bad at', () => {
    const { coherent, reasons } = judge({
      image: measured({ tokens: 50, meanKld: 4.2, topAgreement: 0.12 }),
      text: close,
      answers: null,
    });
    expect(coherent).toBe(false);
    expect(reasons).toEqual([
      expect.stringMatching(/about pictures .* 12 %/),
      expect.stringMatching(/about pictures .* 4\.20 nats/),
    ]);
  });

  it('is bad for a model whose numbers are none', () => {
    const nonsense = measured({ tokens: 50, meanKld: Number.NaN, topAgreement: Number.NaN });
    expect(judge({ image: null, text: nonsense, answers: null }).coherent).toBe(false);
  });
});
