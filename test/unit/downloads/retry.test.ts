import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { PassingError } from '../../../src-main/downloads/http-errors.ts';
import { LONG_PATIENCE, SHORT_PATIENCE, waitAfter, withRetries } from '../../../src-main/downloads/retry.ts';
import { SpeedLimit } from '../../../src-main/downloads/speed-limit.ts';
import { rejected } from '../../helpers/thrown.ts';

const passing = (waitMilliseconds?: number) =>
  new PassingError('HUB', 'a fault', { advice: 'Wait.', waitMilliseconds });

describe('another try', () => {
  it('comes later and later, by chance, and not without end', () => {
    const waits = Array.from({ length: 12 }, (_, i) => waitAfter(passing(), i + 1, LONG_PATIENCE));
    const most = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000];
    for (const [i, longest] of most.entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(longest / 2);
      expect(waits[i]).toBeLessThanOrEqual(longest);
    }
    expect(waits.slice(9)).toEqual([undefined, undefined, undefined]);
  });

  it('comes no sooner than was asked for, and not at all after an hour', () => {
    expect(waitAfter(passing(60_000), 1, LONG_PATIENCE)).toBeGreaterThanOrEqual(60_000);
    expect(waitAfter(passing(3_600_000), 1, LONG_PATIENCE)).toBeUndefined();
    expect(waitAfter(passing(60_000), 1, SHORT_PATIENCE)).toBeUndefined();
  });

  it('is not for what does not pass', () => {
    expect(waitAfter(new SnugError('NOT_FOUND', 'it is not there'), 1, LONG_PATIENCE)).toBeUndefined();
    expect(waitAfter(new TypeError('a bug'), 1, LONG_PATIENCE)).toBeUndefined();
  });

  it('is not waited for by someone who left', async () => {
    const abort = new AbortController();
    let tries = 0;
    const work = withRetries(
      () => {
        tries++;
        abort.abort();
        return Promise.reject(passing());
      },
      LONG_PATIENCE,
      abort.signal,
    );
    expect((await rejected(work)).code).toBe('CANCELLED');
    expect(tries).toBe(1);
  });
});

describe('a speed limit', () => {
  it('may be changed and taken away while it is used', async () => {
    const limit = new SpeedLimit(1000);
    const began = performance.now();
    await Promise.all([limit.take(100, undefined), limit.take(100, undefined)]);
    expect(performance.now() - began).toBeGreaterThan(190);
    limit.bytesPerSecond = null;
    await limit.take(1e9, undefined);
    limit.bytesPerSecond = 1e6;
    await limit.take(1000, undefined);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
