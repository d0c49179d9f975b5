import { expect, it, vi } from 'vitest';
import type { Progress, Stage } from '../../../src-main/contract/progress.ts';
import { StageClock } from '../../../src-main/fit/stage-clock.ts';

const at = (stage: Stage): Progress => ({ stage, done: 0, total: 1, unit: 'steps' });

it('adds up the seconds of each stage by the progress that passes, and hands it on', () => {
  let now = 0;
  const clockSpy = vi.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    const clock = new StageClock('profile');
    const seen: Progress[] = [];
    const listen = clock.watching((progress) => seen.push(progress));
    const advance = (seconds: number, stage: Stage) => {
      now += seconds * 1000;
      listen(at(stage));
    };
    advance(2, 'calibrate');
    advance(10, 'calibrate');
    advance(5, 'quantize');
    advance(1, 'calibrate');
    now += 4000;
    expect(clock.timings()).toEqual({ profile: 2, calibrate: 19, quantize: 1 });
    expect(seen.map(({ stage }) => stage)).toEqual(['calibrate', 'calibrate', 'quantize', 'calibrate']);
  } finally {
    clockSpy.mockRestore();
  }
});

it('needs no listener', () => {
  const clock = new StageClock('profile');
  clock.watching(undefined)(at('hash'));
  expect(Object.keys(clock.timings())).toEqual(['profile', 'hash']);
});
