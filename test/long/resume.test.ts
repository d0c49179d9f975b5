import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoModel } from '../fixtures/demo.ts';
import { killedFits, leftovers, outputHash, reportOf } from '../helpers/killed-fits.ts';

// kill -9 at every stage of a fit of the demo model, then the same command again: nothing is lost, and the result is the one of an
// undisturbed run.

const { folder, runFit, killAt } = killedFits(demoModel, ['--layers', '3', '--calibration-tokens', '8000']);

describe('a fit', () => {
  it('killed at every stage ends with the same file as one that was left alone', async () => {
    const alone = reportOf(await runFit(join(folder, 'alone')));
    const home = join(folder, 'killed');
    await killAt(home, [
      /Load: [1-9]/,
      /Calibrate: [1-9][\d,]* of/,
      /Calibrate: [5-9],\d+ of/,
      /Entropy: [1-9] of/,
      /Check: [1-9]/,
      /Quantize: [1-9]/,
      /Assemble: [1-9]/,
      /Assemble[\s\S]*Check: [1-9]/,
      /Measure: 1/,
    ]);
    const finished = reportOf(await runFit(home));
    expect(outputHash(finished)).toBe(outputHash(alone));
    expect(finished.layers).toEqual(alone.layers);
    expect(finished.calibration.reused).toBe(true);
    expect(leftovers(home)).toEqual([]);
  });
});
