import { describe, expect, it } from 'vitest';
import { ProgressMeter, type DownloadProgress } from '../../../src-main/downloads/progress-meter.ts';

function meter() {
  const told: DownloadProgress[] = [];
  let now = 0;
  const shown = new ProgressMeter(
    (progress) => told.push(progress),
    () => now,
  );
  const at = (milliseconds: number, doneBytes: number, state: DownloadProgress['state'] = 'downloading') => {
    now = milliseconds;
    shown.show({ state, doneBytes, bytes: 10_000 });
  };
  return { told, at };
}

describe('progress', () => {
  it('is told a few times a second, and a change of state at once', () => {
    const { told, at } = meter();
    for (let i = 0; i < 1000; i++) at(i, i);
    expect(told).toHaveLength(4);
    at(1000, 1000, 'waiting');
    at(1001, 1001);
    expect(told.slice(-2).map(({ state }) => state)).toEqual(['waiting', 'downloading']);
    at(1002, 10_000);
    expect(told.at(-1)?.doneBytes).toBe(10_000);
  });

  it('has the speed of the last seconds', () => {
    const { told, at } = meter();
    at(0, 0);
    expect(told.at(-1)?.bytesPerSecond).toBeUndefined();
    for (let seconds = 1; seconds <= 10; seconds++) at(seconds * 1000, seconds * 100);
    expect(told.at(-1)?.bytesPerSecond).toBe(100);
    for (let seconds = 11; seconds <= 20; seconds++) at(seconds * 1000, 1000 + (seconds - 10) * 500);
    expect(told.at(-1)?.bytesPerSecond).toBe(500);
  });

  it('does not take what is hashed for what is fetched', () => {
    const { told, at } = meter();
    at(0, 0);
    at(1000, 9000);
    at(2000, 10, 'verifying');
    expect(told.at(-1)?.bytesPerSecond).toBeUndefined();
    at(3000, 4010, 'verifying');
    expect(told.at(-1)?.bytesPerSecond).toBe(4000);
  });
});
