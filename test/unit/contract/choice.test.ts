import { describe, expect, it } from 'vitest';
import { choiceSentence, roundingSentence } from '../../../src-main/contract/choice.ts';
import type { Candidate, PlanReport } from '../../../src-main/contract/fit-report.ts';

const NOTHING = {
  ...{ medianKld: null, p90Kld: null, p99Kld: null, perplexity: null, sourcePerplexity: null },
  ...{ belowChance: null, sourceKnows: null },
};

function candidate(name: string, meanKld: number | null, more: Partial<Candidate> = {}): Candidate {
  const image = { tokens: 100, meanKld, topAgreement: 0.9, ...NOTHING };
  return {
    ...{ name, lowLayers: null, weightsBytes: 1, totalBytes: 2, tokensPerSecond: 5, chosen: false },
    quality: { image, text: null, answers: null },
    ...more,
  };
}

const plan = (family: PlanReport['family']) =>
  ({ family, rungs: { high: 'Q4_K_M', low: 'IQ1_M' }, layers: 12 }) as PlanReport;
const sentence = (family: PlanReport['family'], ...candidates: Candidate[]) =>
  choiceSentence({ candidates, plan: plan(family) });
const luq = (meanKld: number | null, lowLayers: number) =>
  candidate('edge-protected', meanKld, { lowLayers });
const won = { chosen: true };

describe('the sentence of a choice', () => {
  it('says what won, by how much, and what LUQ’s own plan would have been', () => {
    expect(
      sentence(
        'tensors',
        candidate('tensors', 0.05, won),
        luq(0.5, 6),
        candidate('IQ3_M', 0.08),
        candidate('Q3_K_S', 0.1),
      ),
    ).toBe(
      'A type for every tensor is nearest to the original (0.050 nats): 38 % nearer than IQ3_M everywhere; 90 % nearer than LUQ’s own plan (6 of 12 layers at IQ1_M).',
    );
  });

  it('says so where LUQ’s plan won, or does not fit', () => {
    expect(sentence('luq', { ...luq(0.1, 2), ...won }, candidate('IQ3_M', 0.2))).toBe(
      'LUQ’s own plan (2 of 12 layers at IQ1_M) is nearest to the original (0.10 nats): 50 % nearer than IQ3_M everywhere.',
    );
    expect(sentence('uniform', candidate('IQ1_S', 3, won))).toMatch(/: LUQ’s own plan does not fit\.$/);
  });

  it('has words for what is as near, nearer but slower, and beyond measure', () => {
    const against = (meanKld: number | null) =>
      sentence('tensors', candidate('tensors', 0.1, won), luq(meanKld, 0));
    expect(against(0.1)).toContain(': as near as LUQ’s own plan (every layer at Q4_K_M).');
    expect(against(0.098)).toContain('which is 2 % nearer.');
    expect(against(null)).toContain('is beyond measure.');
  });

  it('says that nothing was done where the original fits, and nothing where nothing was chosen', () => {
    expect(sentence('source')).toMatch(/^The original fits this budget as it is/);
    expect(sentence('luq')).toBeNull();
  });
});

describe('the sentence of a rounding', () => {
  const fed = { tensors: 84, fed: 80, meanGain: 0.2 };

  it('says which is nearer where both were measured', () => {
    expect(roundingSentence({ roundings: { plain: 0.02, fed: 0.016 }, fed })).toBe(
      'With errors fed on it is 20 % nearer than rounded plainly (0.016 nats against 0.020 nats).',
    );
    expect(roundingSentence({ roundings: { plain: 0.02, fed: 0.021 }, fed: null })).toBe(
      'Rounded plainly: feeding errors on is not nearer (0.021 nats against 0.020 nats).',
    );
    expect(roundingSentence({ roundings: null, fed })).toBeNull();
  });

  it('has words for what is beyond measure', () => {
    expect(roundingSentence({ roundings: { plain: null, fed: 2 }, fed })).toBe(
      'With errors fed on it is nearer than rounded plainly (2.0 nats against beyond measure).',
    );
    expect(roundingSentence({ roundings: { plain: null, fed: null }, fed: null })).toContain(
      'beyond measure against beyond measure',
    );
  });
});
