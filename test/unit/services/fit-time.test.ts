import { describe, expect, it } from 'vitest';
import type { PlanKind } from '../../../src-main/contract/fit-request.ts';
import { expectedTime } from '../../../src-main/services/fit-time.ts';

const earlier = (timings: Record<string, number>, parameters = 1e9, kind: PlanKind = 'luq') => ({
  timings,
  plan: { kind },
  model: { name: 'A', architecture: 'qwen2vl', parameters, sourceSha256: '', imageTokens: null },
});
const whole = earlier({ load: 10, calibrate: 300, reference: 40, quantize: 100, assemble: 10, check: 40 });

const LUQ = { kind: 'luq', threads: 2 } as const;

describe('how long a fit will take', () => {
  it('is what an earlier one took here, as large as the model is beside that one', () => {
    const expected = { seconds: 500, measured: true };
    expect(expectedTime({ ...LUQ, parameters: 1e9, calibrated: false }, [whole])).toEqual(expected);
    expect(expectedTime({ ...LUQ, parameters: 3e9, calibrated: false }, [whole])).toEqual({
      ...expected,
      seconds: 1500,
    });
  });

  it('is less once the layers are measured, and a refit is no measure of calibrating', () => {
    const refit = earlier({ calibrate: 0.1, quantize: 20, check: 40 });
    const again = expectedTime({ ...LUQ, parameters: 1e9, calibrated: true }, [refit, whole]);
    expect(again).toEqual({ seconds: 60, measured: true });
    const first = expectedTime({ ...LUQ, parameters: 1e9, calibrated: false }, [refit, whole]);
    expect(first).toEqual({ seconds: 350 + 60, measured: true });
  });

  it('of a small model is told by its own fits, too, of which no stage took long', () => {
    const quick = earlier({ calibrate: 0.9, quantize: 0.5, check: 3 }, 5e6);
    expect(expectedTime({ ...LUQ, parameters: 5e6, calibrated: true }, [quick])).toEqual({
      seconds: 3.5,
      measured: true,
    });
    expect(expectedTime({ ...LUQ, parameters: 7e9, calibrated: true }, [quick]).measured).toBe(false);
  });

  it('does not follow from a model that is much smaller', () => {
    const demo = earlier({ load: 1, calibrate: 60, quantize: 20, check: 10 }, 5e6);
    expect(expectedTime({ ...LUQ, parameters: 7.6e9, calibrated: false }, [demo])).toEqual(
      expectedTime({ ...LUQ, parameters: 7.6e9, calibrated: false }, []),
    );
  });

  it('of the nearest plan is several times that of one plan, and told by fits of its kind', () => {
    const best = { kind: 'best', threads: 2, parameters: 1e9, calibrated: true } as const;
    const one = expectedTime({ ...best, kind: 'luq' }, []).seconds - 45;
    expect(expectedTime(best, [whole]).seconds - 45).toBeGreaterThan(4 * one);
    const before = earlier({ choose: 300, assemble: 10, check: 40 }, 1e9, 'best');
    expect(expectedTime(best, [whole, before])).toEqual({ seconds: 350, measured: true });
    expect(expectedTime({ ...best, kind: 'luq' }, [before]).measured).toBe(false);
  });

  it('is a guess before the first: minutes for a small model, hours for a large one on few cores', () => {
    const guess = (parameters: number, threads: number, calibrated = false) =>
      expectedTime({ kind: 'luq', parameters, calibrated, threads }, []);
    expect(guess(5e6, 2).measured).toBe(false);
    expect(guess(5e6, 2).seconds).toBeLessThan(120);
    expect(guess(7.6e9, 2).seconds).toBeGreaterThan(3600);
    expect(guess(7.6e9, 16).seconds).toBeLessThan(guess(7.6e9, 2).seconds / 4);
    expect(guess(7.6e9, 2, true).seconds).toBeLessThan(guess(7.6e9, 2).seconds / 3);
  });
});
