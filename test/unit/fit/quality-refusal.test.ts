import { describe, expect, it } from 'vitest';
import type { Quality } from '../../../src-main/contract/fit-report.ts';
import {
  noPlanKeepsQuality,
  qualityNeedsMemory,
  qualityOutOfReach,
} from '../../../src-main/fit/quality-refusal.ts';
import { plannerOf } from '../../helpers/planners.ts';
import { ggufTensor } from '../../helpers/small-models.ts';

const tensors = [0, 1, 2, 3].map((layer) =>
  ggufTensor({ name: `blk.${layer}.ffn_up.weight`, shape: [256, 256] }),
);
const planner = plannerOf(tensors);
const ORDER = [0, 1, 2, 3];
const part = (topAgreement: number, meanKld: number | null) => ({
  ...{ tokens: 100, meanKld, medianKld: null, p90Kld: null, p99Kld: null, topAgreement },
  ...{ perplexity: null, sourcePerplexity: null, belowChance: null, sourceKnows: null },
});
const quality = (image: number, text: number, kld: number | null = 0.5): Quality => ({
  image: part(image, kld),
  text: part(text, 0.1),
  answers: null,
});
const fitted = planner.withLowLayers(ORDER, 3);
const budget = { bytes: fitted.memory.totalBytes, mostBytes: 10 * fitted.memory.totalBytes };
const limits = { minAgreement: 0.98 };

describe('a quality that was asked for and cannot be had', () => {
  it('that no memory gives is said with the best there is, measured, and what can be asked for', () => {
    const reached = quality(0.757, 0.9);
    const error = qualityOutOfReach({ fitted, budget, reached, limits }, quality(0.97, 0.951));
    expect(error.code).toBe('DOES_NOT_FIT');
    // the worse of pictures and text
    expect(error.message).toContain('95 % of the time, where 98 % was asked for');
    expect(error.advice).toContain('76 % of the time');
    expect(error.remedies).toEqual([{ kind: 'ask-agreement', share: 0.75 }, { kind: 'try-plans' }]);
  });

  it('that more memory gives is said with how much, which is offered where the laptop has it', () => {
    const refused = { fitted, budget, reached: quality(0.8, 0.9), limits };
    const kept = planner.withLowLayers(ORDER, 1);
    const bytes = kept.memory.totalBytes;
    const error = qualityNeedsMemory(refused, kept);
    expect(error.message).toMatch(/3 of 4 layers have to go to IQ1_M.* 80 % of the time, where 98 %/);
    expect(error.remedies).toEqual([
      { kind: 'set-budget', bytes },
      { kind: 'ask-agreement', share: 0.8 },
      { kind: 'try-plans' },
    ]);
    const small = qualityNeedsMemory({ ...refused, budget: { ...budget, mostBytes: bytes - 1 } }, kept);
    expect(small.remedies.map(({ kind }) => kind)).not.toContain('set-budget');
  });

  it('that no plan keeps is said with the best of those that were tried', () => {
    const measured = [quality(0.7, 0.9), quality(0.9, 0.84), quality(0.8, 0.8)].map((one) => ({
      quality: one,
    }));
    const error = noPlanKeepsQuality(measured, budget, limits);
    expect(error.message).toContain('best of 3 plans');
    expect(error.message).toContain('84 % of the time');
    expect(error.remedies).toEqual([{ kind: 'ask-agreement', share: 0.84 }]);
  });

  it('is a divergence, too, rounded up to what would be kept', () => {
    const reached = quality(0.8, 0.9, 0.12345);
    const error = qualityOutOfReach({ fitted, budget, reached, limits: { maxKld: 0.01 } }, reached);
    expect(error.message).toContain('0.12 nats, where 0.01 nats was asked for');
    expect(error.remedies[0]).toEqual({ kind: 'allow-divergence', nats: 0.124 });
  });

  it('beyond measure is not offered', () => {
    const reached = quality(0.8, 0.9, null);
    const error = qualityOutOfReach({ fitted, budget, reached, limits: { maxKld: 0.01 } }, reached);
    expect(error.message).toContain('beyond measure');
    expect(error.remedies).toEqual([{ kind: 'try-plans' }]);
  });
});
