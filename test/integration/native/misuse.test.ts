import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

// The addon called wrongly: an error for whoever did it, never the end of the process and never a job that hangs.

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');
const script = join(fixtures, 'misuse-in-child.ts');
/** Longer than any abuse takes on a busy machine. */
const HANG_MS = 60_000;

interface Outcome {
  readonly name: string;
  readonly expected: string;
  readonly found: string;
  readonly message: string;
}

/** Runs a table of abuses in a child; a child that ends or falls silent fails with the abuse that it was at. */
function abuse(table: string): Promise<Outcome[]> {
  const child = spawn(process.execPath, ['--expose-gc', script, temporaryFolder(), table], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let silent = false;
  const limit = setTimeout(() => {
    silent = true;
    child.kill('SIGKILL');
  }, HANG_MS);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    limit.refresh();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const lines = output.split('\n').filter(Boolean);
      const said = lines.map((line) => JSON.parse(line) as Outcome & { starts?: string });
      const at = said.at(-1)?.starts;
      if (code === 0 && at === undefined) resolve(said.filter(({ starts }) => starts === undefined));
      else if (silent) reject(new Error(`${at} hangs`));
      else
        reject(new Error(`${at ?? 'the end'} ended the process: ${signal ?? code}\n${errors.slice(-2000)}`));
    });
  });
}

describe('the addon called wrongly', () => {
  it.each([
    ['options', 700],
    ['values', 70],
    ['lifetimes', 25],
  ])('refuses %s and goes on', async (table, atLeast) => {
    const outcomes = await abuse(table);
    expect(outcomes.length).toBeGreaterThan(atLeast);
    const wrong = outcomes.filter(({ expected, found }) => expected !== found);
    expect(wrong).toEqual([]);
  });

  it('is left by a process that ends in the middle of a job, without waiting for it', async () => {
    const script = join(fixtures, 'exit-in-child.ts');
    const child = spawn(process.execPath, [script]);
    const ended = await new Promise((resolve) =>
      child.on('close', (exit, signal) => resolve({ exit, signal })),
    );
    expect(ended).toEqual({ exit: 7, signal: null });
  }, 10_000);
});
