import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { fitReportSchema, type FitReport } from '../../src-main/contract/fit-report.ts';
import { commandLine, type Ended } from './command-line.ts';
import { timeKernels } from './timed-home.ts';

/** Fits from the command line that are sent a signal at a moment, and what is left of them. */
export function killedFits(model: string, settings: readonly string[]) {
  const { folder, start } = commandLine();

  /** Runs a fit; once stderr says `when`, it is sent a signal. */
  async function runFit(
    home: string,
    options: { when?: RegExp; send?: NodeJS.Signals; flags?: string[] } = {},
  ): Promise<Ended> {
    if (!existsSync(home)) await timeKernels(home);
    const flags = ['--clusters', '50', '--rungs', 'Q4_K_M,Q2_K', '--threads', '1', '--json'];
    const args = ['fit', model, ...settings, ...flags, ...(options.flags ?? [])];
    const { child, ended, said } = start(args, { home });
    if (options.when) {
      await said(options.when);
      child.kill(options.send ?? 'SIGKILL');
    }
    const result = await ended;
    await groupGone(child.pid);
    return result;
  }

  /** Kills one fit in the same home after the other, each at its moment. */
  async function killAt(home: string, moments: readonly RegExp[]): Promise<void> {
    for (const when of moments) {
      const killed = await runFit(home, { when });
      expect(killed.signal, `${when} was not reached:\n${killed.stderr}`).toBe('SIGKILL');
    }
  }

  return { folder, runFit, killAt };
}

/** A killed parent's worker, of the same process group, ends by itself a moment later. */
async function groupGone(leader: number | undefined): Promise<void> {
  for (let i = 0; i < 400 && isRunning(leader); i++) await sleep(25);
  expect(isRunning(leader), 'the worker outlived its parent').toBe(false);
}

function isRunning(leader: number | undefined): boolean {
  try {
    return leader !== undefined && process.kill(-leader, 0);
  } catch {
    return false;
  }
}

export function reportOf(run: Ended): FitReport {
  expect(run.stderr).not.toContain('Error');
  expect(run.code).toBe(0);
  return fitReportSchema.parse(JSON.parse(run.stdout));
}

export function outputHash(fit: FitReport): string {
  return createHash('sha256')
    .update(readFileSync(fit.files.luq.path ?? ''))
    .digest('hex');
}

export function leftovers(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^models.*\.tmp$|lock$/.test(name),
  );
}
