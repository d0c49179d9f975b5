import { describe, expect, it } from 'vitest';
import { FitProgress, stageWeights } from '../../../src-main/services/fit-progress.ts';

function progressAt(clock: { now: number }) {
  return new FitProgress(undefined, { now: () => clock.now });
}

describe('the progress of a whole fit', () => {
  it('grows over the stages and never goes back', () => {
    const progress = progressAt({ now: 0 });
    const shares = [
      progress.see({ stage: 'hash', done: 5, total: 10, unit: 'bytes' }),
      progress.see({ stage: 'calibrate', done: 1, total: 2, unit: 'tokens' }),
      // the plan is looked at twice: before and after calibrating
      progress.see({ stage: 'plan', done: 0, total: 1, unit: 'steps' }),
      progress.see({ stage: 'calibrate', done: 1, total: 2, unit: 'tokens' }),
      progress.see({ stage: 'quantize', done: 10, total: 10, unit: 'bytes' }),
      progress.see({ stage: 'measure', done: 3, total: 3, unit: 'steps' }),
    ].map(({ share }) => share);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeCloseTo(1, 12);
  });

  it('says nothing of the time left before it knows the pace', () => {
    const progress = progressAt({ now: 0 });
    expect(progress.see({ stage: 'calibrate', done: 0, total: 100, unit: 'tokens' }).secondsLeft).toBeNull();
  });

  it('tells the time left from the pace of this run, not of what an earlier run had done', () => {
    const clock = { now: 0 };
    const progress = progressAt(clock);
    // an interrupted run comes back with half of the quantizing done
    const first = progress.see({ stage: 'quantize', done: 50, total: 100, unit: 'bytes' });
    clock.now = 10_000;
    const second = progress.see({ stage: 'quantize', done: 100, total: 100, unit: 'bytes' });
    const pace = (second.share - first.share) / 10;
    expect(second.secondsLeft).toBeCloseTo((1 - second.share) / pace, 9);
  });

  it('weighs the stages to come as they were in an earlier fit on this machine', () => {
    const weights = stageWeights(
      [
        // a refit says nothing of calibrating
        { calibrate: 0.1, quantize: 3, check: 5 },
        { load: 10, calibrate: 50, quantize: 30, check: 10 },
      ],
      'luq',
    );
    const clock = { now: 0 };
    const progress = new FitProgress(weights, { now: () => clock.now });
    progress.see({ stage: 'calibrate', done: 0, total: 10, unit: 'tokens' });
    clock.now = 20_000;
    // 25 of 50 seconds' worth took 20: what is left is 65 seconds' worth
    const { share, secondsLeft } = progress.see({ stage: 'calibrate', done: 5, total: 10, unit: 'tokens' });
    expect(share).toBeCloseTo(0.35, 9);
    expect(secondsLeft).toBeCloseTo((20 / 25) * 65, 6);
  });

  it('says nothing of the time left from what passes at once because an earlier run had done it', () => {
    const clock = { now: 0 };
    const progress = new FitProgress(undefined, { now: () => clock.now, resumed: 0.6 });
    const at = (milliseconds: number, ...[stage, done]: ['calibrate' | 'reference' | 'quantize', number]) => {
      clock.now = milliseconds;
      return progress.see({ stage, done, total: 100, unit: 'steps' });
    };
    expect(at(100, 'calibrate', 50)).toEqual({ share: 0.6, secondsLeft: null });
    expect(at(200, 'calibrate', 100)).toEqual({ share: 0.6, secondsLeft: null });
    expect(at(300, 'reference', 100).secondsLeft).toBeNull();
    expect(at(400, 'quantize', 0).secondsLeft).toBeNull();
    // until here the earlier run had come
    expect(at(900, 'quantize', 40).share).toBeGreaterThan(0.6);
    expect(at(30_900, 'quantize', 41).secondsLeft).toBeNull();
    const { share, secondsLeft } = at(60_900, 'quantize', 60);
    // a fifth of quantizing in a minute
    expect(secondsLeft).toBeGreaterThan(60);
    expect(secondsLeft).toBeLessThan(60 * ((1 - share) / 0.05));
  });

  it('counts anew behind stages that find their work done, as a refit’s do', () => {
    const clock = { now: 0 };
    const progress = progressAt(clock);
    for (const stage of ['hash', 'load', 'calibrate', 'entropy', 'reference'] as const) {
      clock.now += 100;
      progress.see({ stage, done: 10, total: 10, unit: 'steps' });
    }
    clock.now += 100;
    expect(progress.see({ stage: 'quantize', done: 0, total: 100, unit: 'bytes' }).secondsLeft).toBeNull();
  });

  it('follows a change of pace without a jump', () => {
    const clock = { now: 0 };
    const progress = progressAt(clock);
    const told: number[] = [];
    for (let step = 0; step <= 100; step++) {
      // ten times slower in its second half
      clock.now += step <= 50 ? 100 : 1000;
      const { secondsLeft } = progress.see({ stage: 'quantize', done: step, total: 100, unit: 'bytes' });
      if (secondsLeft !== null) told.push(secondsLeft);
    }
    const jumps = told.slice(1).map((seconds, index) => seconds - (told[index] ?? 0));
    expect(Math.max(...jumps)).toBeGreaterThan(0);
    expect(Math.max(...jumps)).toBeLessThan(2);
    expect(Math.min(...jumps)).toBeGreaterThan(-2.5);
  });

  it('does not divide by an empty stage', () => {
    const progress = progressAt({ now: 0 });
    expect(progress.see({ stage: 'check', done: 0, total: 0, unit: 'sequences' }).share).toBeGreaterThan(0);
  });
});
