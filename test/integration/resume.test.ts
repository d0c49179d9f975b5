import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shortModel } from '../fixtures/short-demo.ts';
import { killedFits, leftovers, reportOf } from '../helpers/killed-fits.ts';

// kill -9 in a fit, then the same command again. test/long/resume.test.ts does it at every stage.

const settings = ['--layers', '3', '--calibration-tokens', '6000'];
const { folder, runFit } = killedFits(shortModel, settings);

describe('a fit', () => {
  it('killed while calibrating goes on at the batch it was in', async () => {
    const home = join(folder, 'batch');
    await runFit(home, { when: /Calibrate: [3-5],\d+ of/ });
    const again = await runFit(home, { when: /Calibrate: [\d,]+ of/ });
    const first = /Calibrate: ([\d,]+) of/.exec(again.stderr)?.[1]?.replace(',', '');
    expect(Number(first)).toBeGreaterThan(2000);
  });

  it('stopped by Ctrl-C says so, keeps what is done and ends with 130', async () => {
    const home = join(folder, 'interrupted');
    const stopped = await runFit(home, { when: /Entropy: [2-4] of/, send: 'SIGINT' });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('run the same command again to resume');
    expect(leftovers(home)).toEqual([]);
    const again = await runFit(home, { when: /Entropy: \d of/ });
    expect(again.stderr).toMatch(/Entropy: [2-5] of/);
  });

  it('with another budget uses the calibration and the blocks it has', async () => {
    const home = join(folder, 'alone');
    const little = ['--calibration-tokens', '2000', '--clusters', '10'];
    await runFit(home, { flags: little });
    const refit = await runFit(home, { flags: [...little, '--layers', '2'] });
    const fitted = reportOf(refit);
    expect(fitted.plan.lowLayers).toBe(2);
    expect(fitted.calibration.reused).toBe(true);
    expect(refit.stderr).not.toContain('Calibrate:');
    // one layer fewer is low, and its other form was never needed before: only that one is quantized
    const [, done, total] = /Quantize: ([\d.]+) MiB of ([\d.]+) MiB/.exec(refit.stderr) ?? [];
    const layer = fitted.files.source.bytes / 2 ** 20 / fitted.plan.layers;
    expect(Number(total) - Number(done)).toBeLessThan(layer);
  });
});
