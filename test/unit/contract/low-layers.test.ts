import { describe, expect, it } from 'vitest';
import { fewestLowLayers, hasOtherRungs, isLow, lowLayersOf } from '../../../src-main/contract/low-layers.ts';
import { RUNGS } from '../../../src-main/contract/rungs.ts';
import { parseRungs } from '../../../src-main/luq/plan/rungs.ts';

describe('low layers', () => {
  it('are those with fewer bits than the high rung, not those that are not on it', () => {
    expect(lowLayersOf(['Q4_K_M', 'IQ1_M', 'Q6_K', 'IQ3_M', 'Q8_0'], 'Q4_K_M')).toEqual([1, 3]);
    expect(lowLayersOf(['Q2_K', 'IQ1_M'], 'Q2_K')).toEqual([1]);
  });

  it('of a rung that a later version names are those not on the high one', () => {
    expect([isLow('IQ9_Z', 'Q4_K_M'), isLow('IQ9_Z', 'IQ9_Z')]).toEqual([true, false]);
  });

  it('may have other rungs than the two of a plan', () => {
    const rungs = { high: 'Q4_K_M', low: 'IQ1_M' };
    expect(hasOtherRungs(['Q4_K_M', 'IQ1_M'], rungs)).toBe(false);
    expect(hasOtherRungs(['Q4_K_M', 'IQ3_M'], rungs)).toBe(true);
    expect(hasOtherRungs([], rungs)).toBe(false);
  });

  it('have rungs that a fit takes', () => {
    const [first = '', ...others] = RUNGS;
    for (const rung of others) expect(parseRungs(`${rung},${first}`)).toEqual({ high: rung, low: first });
  });
});

describe('the fewest low layers', () => {
  const bytes = [50, 40, 30];
  const fewest = (budget: number) => fewestLowLayers(2, budget, (lowLayers) => bytes[lowLayers] ?? NaN);

  it.each([
    [60, 0],
    [50, 0],
    [49, 1],
    [30, 2],
    [29, null],
  ])('for a budget of %d are %j', (budget, lowLayers) => {
    expect(fewest(budget)).toBe(lowLayers);
  });
});
