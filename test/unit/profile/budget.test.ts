import { describe, expect, it } from 'vitest';
import { budgetSchema } from '../../../src-main/contract/fit-report.ts';
import { memoryLimits, recommendBudget } from '../../../src-main/profile/budget.ts';

const GiB = 2 ** 30;

function budget(totalGiB: number, availableGiB: number) {
  return recommendBudget({
    totalBytes: totalGiB * GiB,
    availableBytes: availableGiB * GiB,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    limitBytes: null,
  });
}

describe('an idle laptop keeps a quarter of its memory, at least 2 GiB, and room for Snug', () => {
  it.each([
    [8, 7.5, 5.5],
    [16, 14, 11.5],
    [64, 60, 47.5],
    [4, 3.5, 1.5],
  ])('%d GiB with %d GiB available: %d GiB', (total, available, expected) => {
    expect(budget(total, available).bytes).toBe(expected * GiB);
  });
});

it('a busy laptop gives what is available now, less some headroom', () => {
  expect(budget(16, 5).bytes).toBe(4 * GiB);
  expect(budget(16, 5).reasoning[0]?.label).toContain('available right now');
  expect(budget(16, 14).reasoning[0]?.label).toContain('in this laptop');
});

it('a laptop with nothing to give is offered nothing, never a negative amount', () => {
  expect(budget(16, 0.3).bytes).toBe(0);
  expect(budget(2, 2).bytes).toBe(0);
});

it('the reasoning adds up to the budget', () => {
  for (const [total, available] of [
    [8, 7],
    [8, 3],
    [15.6, 13.1],
    [31.2, 4.7],
  ] as const) {
    const { bytes, reasoning } = budget(total, available);
    const sum = reasoning.reduce((all, step) => all + step.bytes, 0);
    expect(Math.abs(sum - bytes)).toBeLessThan(1);
  }
});

it('is what the report expects, also for odd numbers of bytes', () => {
  const odd = recommendBudget({
    totalBytes: 16_614_875_137,
    availableBytes: 9_999_999_999,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    limitBytes: null,
  });
  expect(budgetSchema.parse(odd)).toEqual(odd);
});

it('what a laptop can give stays the same, whatever runs on it at the moment', () => {
  const limits = (total: number) => memoryLimits({ totalBytes: total * GiB, limitBytes: null });
  expect(limits(16)).toEqual({ comfortableBytes: 11.5 * GiB, mostBytes: 14 * GiB });
  expect(limits(8)).toEqual({ comfortableBytes: 5.5 * GiB, mostBytes: 6 * GiB });
  expect(limits(1)).toEqual({ comfortableBytes: 0, mostBytes: 0 });
  // with nothing else running, what is recommended is what is comfortable
  expect(budget(16, 16).bytes).toBe(limits(16).comfortableBytes);
});

it('a container is left a share of it, as it may be smaller than what a whole laptop keeps for others', () => {
  const MiB = 2 ** 20;
  const inContainer = recommendBudget({
    totalBytes: 600 * MiB,
    availableBytes: 590 * MiB,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    limitBytes: 600 * MiB,
  });
  expect(inContainer.bytes).toBe(440 * MiB);
  expect(inContainer.reasoning[0]?.label).toContain('container');
  const limits = memoryLimits({ totalBytes: 600 * MiB, limitBytes: 600 * MiB });
  expect(limits).toEqual({ comfortableBytes: 450 * MiB, mostBytes: 525 * MiB });
  expect(inContainer.reasoning.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(inContainer.bytes);
});
