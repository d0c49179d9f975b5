import { expect, it } from 'vitest';
import { expectedStages, type ExpectedWork } from '../../../src-main/fit/expected-stages.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';

const SEVEN: ExpectedWork = {
  ...{
    parameters: 7.6e9,
    threads: 2,
    tokens: 32_768,
    calibrated: false,
    calibratedWith: 'source',
    calibrationGain: 1,
    kind: 'luq',
    trials: 2,
  },
  rounding: 'plain',
  speeds: [],
};
const q4k = (bytesPerSecond: number) => [
  { type: tensorTypeId('Q4_K'), columns: 3584, rows: 3584, bytesPerSecond },
];

it('a 7B takes hours on two threads, by its stages', () => {
  const stages = expectedStages(SEVEN);
  expect(Object.keys(stages).sort()).toEqual(['assemble', 'calibrate', 'check', 'quantize', 'reference']);
  expect(stages.calibrate).toBeGreaterThan(3600);
  // 28 layers at 20 to 30 s each
  expect(stages.quantize).toBeGreaterThan(28 * 20);
  expect(stages.quantize).toBeLessThan(28 * 35);
});

it('the nearest plan compresses and checks several whole models, and more with trials', () => {
  const best = expectedStages({ ...SEVEN, kind: 'best', calibrated: true });
  expect(best.calibrate).toBeUndefined();
  expect(best.quantize).toBeUndefined();
  const fewer = expectedStages({ ...SEVEN, kind: 'best', calibrated: true, trials: 0 });
  expect((best.choose ?? 0) / (fewer.choose ?? NaN)).toBeCloseTo(7 / 5);
  const { quantize = 0, check = 0, assemble = 0 } = expectedStages(SEVEN);
  expect(fewer.choose).toBeCloseTo(5 * (5 + quantize + check + assemble));
});

it('with errors fed on a fit walks over the layers, and takes up to twice as long to quantize, whatever kind of plan it is', () => {
  const { calibrate = 0, quantize = 0 } = expectedStages(SEVEN);
  const fed = 2.25 * calibrate + 2 * quantize;
  expect(expectedStages({ ...SEVEN, rounding: 'fed' }).quantize).toBeCloseTo(fed);
  const best = { ...SEVEN, kind: 'best' } as const;
  expect(expectedStages({ ...best, rounding: 'fed' })).toEqual({ ...expectedStages(best), quantize: fed });
});

it('follows how fast this machine multiplies, within reason', () => {
  const seconds = (bytesPerSecond: number) =>
    expectedStages({ ...SEVEN, speeds: q4k(bytesPerSecond) }).calibrate ?? NaN;
  const usual = expectedStages(SEVEN).calibrate ?? NaN;
  expect(seconds(2 * 7.8e9)).toBeCloseTo(usual);
  expect(seconds(4 * 7.8e9)).toBeCloseTo(usual / 2);
  expect(seconds(1)).toBeCloseTo(4 * usual);
});

it('through a copy calibrating takes as much less time as its products do, and making the copy comes on top', () => {
  const usual = expectedStages(SEVEN);
  const stages = expectedStages({ ...SEVEN, calibratedWith: 'q8_0', calibrationGain: 2 });
  expect(Object.keys(stages)).toContain('convert');
  expect(stages.convert).toBeLessThan(0.1 * (stages.calibrate ?? 0));
  expect(stages.calibrate).toBeGreaterThan(0.5 * (usual.calibrate ?? 0));
  expect(stages.calibrate).toBeLessThan(0.6 * (usual.calibrate ?? 0));
  // what the source says is asked of the source
  expect(stages.reference).toBe(usual.reference);
});
