import { expect, it } from 'vitest';
import { candidateSpeed, correctedSpeed } from '../../../src-main/contract/fit-speed.ts';

const fitted = { plan: { predictedTokensPerSecond: 5 }, files: { luq: { tokensPerSecond: 57 } } };

it('a prediction is told by what a fit of the model measured beside its own', () => {
  expect(correctedSpeed(6, fitted)).toBeCloseTo(68.4);
  expect(correctedSpeed(5, fitted)).toBeCloseTo(57);
  expect(correctedSpeed(6, null)).toBe(6);
  expect(correctedSpeed(null, fitted)).toBeNull();
  expect(correctedSpeed(6, { ...fitted, files: { luq: { tokensPerSecond: null } } })).toBe(6);
});

it('the plan that was kept has the speed that was measured, and no other', () => {
  expect(candidateSpeed({ chosen: true, tokensPerSecond: 6.5 }, fitted)).toEqual({
    ...{ tokensPerSecond: 57, measured: true },
  });
  expect(candidateSpeed({ chosen: false, tokensPerSecond: 5 }, fitted)).toEqual({
    ...{ tokensPerSecond: 57, measured: false },
  });
});
