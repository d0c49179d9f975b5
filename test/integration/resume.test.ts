import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fitReportSchema, type FitReport } from '../../src-main/contract/fit-report.ts';
import { demoModel } from '../fixtures/demo.ts';
import { commandLine, type Ended } from '../helpers/command-line.ts';

// kill -9 at every stage, then the same command again: nothing is lost, and the result is the one of an undisturbed run.

const { folder, start } = commandLine();

/** Runs a fit; once stderr says `when`, it is sent a signal. */
async function runFit(
  home: string,
  options: { when?: RegExp; send?: NodeJS.Signals; flags?: string[] } = {},
): Promise<Ended> {
  const settings = ['--calibration-tokens', '8000', '--clusters', '50', '--rungs', 'Q4_K_M,Q2_K', '--json'];
  const args = ['fit', demoModel, '--layers', '3', ...settings, ...(options.flags ?? [])];
  const { child, ended, said } = start(args, { home });
  if (options.when) {
    await said(options.when);
    child.kill(options.send ?? 'SIGKILL');
  }
  return ended;
}

/** A killed parent's worker ends by itself, a moment later. */
async function workerGone(home: string): Promise<void> {
  const work = join(home, 'work');
  const locks = existsSync(work)
    ? readdirSync(work, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('lock'))
        .map((name) => join(work, name))
    : [];
  for (const lock of locks) {
    const pid = Number(readFileSync(lock, 'utf8'));
    for (let i = 0; i < 200 && isRunning(pid); i++) await sleep(25);
    expect(isRunning(pid), 'the worker outlived its parent').toBe(false);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function report(run: Ended): FitReport {
  expect(run.stderr).not.toContain('Error');
  expect(run.code).toBe(0);
  return fitReportSchema.parse(JSON.parse(run.stdout));
}

function outputHash(fit: FitReport): string {
  return createHash('sha256')
    .update(readFileSync(fit.files.luq.path ?? ''))
    .digest('hex');
}

function leftovers(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^models.*\.tmp$|lock$/.test(name),
  );
}

describe('a fit', () => {
  it(
    'killed at every stage ends with the same file as one that was left alone',
    { timeout: 400_000 },
    async () => {
      const alone = report(await runFit(join(folder, 'alone')));
      const home = join(folder, 'killed');
      const moments = [
        /Load: [1-9]/,
        /Calibrate: [1-9][\d,]* of/,
        /Calibrate: [5-9],\d+ of/,
        /Entropy: [1-9] of/,
        /Check: [1-9]/,
        /Quantize: [1-9]/,
        /Assemble: [1-9]/,
        /Assemble[\s\S]*Check: [1-9]/,
        /Measure: 1/,
      ];
      for (const when of moments) {
        const killed = await runFit(home, { when });
        expect(killed.signal, `${when} was not reached:\n${killed.stderr}`).toBe('SIGKILL');
        await workerGone(home);
      }
      const finished = report(await runFit(home));
      expect(outputHash(finished)).toBe(outputHash(alone));
      expect(finished.layers).toEqual(alone.layers);
      expect(finished.calibration.reused).toBe(true);
      expect(leftovers(home)).toEqual([]);
    },
  );

  it('killed while calibrating goes on at the batch it was in', { timeout: 200_000 }, async () => {
    const home = join(folder, 'batch');
    await runFit(home, { when: /Calibrate: [4-9],\d+ of/ });
    await workerGone(home);
    const again = await runFit(home, { when: /Calibrate: [\d,]+ of/ });
    const first = /Calibrate: ([\d,]+) of/.exec(again.stderr)?.[1]?.replace(',', '');
    expect(Number(first)).toBeGreaterThan(3000);
    await workerGone(home);
  });

  it('stopped by Ctrl-C says so, keeps what is done and ends with 130', { timeout: 200_000 }, async () => {
    const home = join(folder, 'interrupted');
    const stopped = await runFit(home, { when: /Entropy: [2-9] of/, send: 'SIGINT' });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('the same command goes on');
    expect(leftovers(home)).toEqual([]);
    const again = await runFit(home, { when: /Entropy: \d of/ });
    expect(again.stderr).toMatch(/Entropy: [2-9] of/);
    await workerGone(home);
  });

  it('with another budget uses the calibration and the blocks it has', { timeout: 200_000 }, async () => {
    const home = join(folder, 'alone');
    const refit = await runFit(home, { flags: ['--layers', '2'] });
    const fitted = report(refit);
    expect(fitted.plan.lowLayers).toBe(2);
    expect(fitted.calibration.reused).toBe(true);
    expect(refit.stderr).not.toContain('Calibrate:');
    // one layer fewer is low, and its other form was never needed before: only that one is quantized
    expect(refit.stderr).toMatch(/Quantize: [89]\.\d MiB of/);
  });
});
