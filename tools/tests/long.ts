import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runnableVariants } from '../../test/helpers/cpu-variants.ts';

/**
 * The campaigns (vitest.long.config.ts), one after the other: `npm run test:long`. With `--minutes N` those that were not run for longest
 * come first, none begins after N minutes, one that is running then is stopped, and what was left out is said.
 */

interface Campaign {
  readonly name: string;
  readonly args: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
/** When each was run last on this machine: a checkout comes and goes. */
const lastRunsFile = join(cache, 'snug-tests', 'long.json');

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string' } },
  allowPositionals: true,
});

function campaigns(): Campaign[] {
  const files = readdirSync(join(root, 'test', 'long')).filter((name) => name.endsWith('.test.ts'));
  return [
    ...files.map((name) => ({
      name: name.replace('.test.ts', ''),
      args: ['--project', 'long', `test/long/${name}`],
    })),
    ...runnableVariants().map((variant) => ({
      name: `native ${variant}`,
      args: ['--project', `native ${variant}`],
    })),
  ];
}

function lastRuns(): Record<string, number> {
  if (!existsSync(lastRunsFile)) return {};
  try {
    return JSON.parse(readFileSync(lastRunsFile, 'utf8')) as Record<string, number>;
  } catch {
    // a broken note costs a sensible order, nothing else
    return {};
  }
}

function noteRun(name: string): void {
  mkdirSync(dirname(lastRunsFile), { recursive: true });
  writeFileSync(lastRunsFile, JSON.stringify({ ...lastRuns(), [name]: Date.now() }));
}

type Outcome = 'passed' | 'failed' | 'stopped';

function run({ args }: Campaign, limitMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.long.config.ts', ...args], {
      cwd: root,
      stdio: 'inherit',
      detached: true,
    });
    let stopped = false;
    const stop = setTimeout(
      () => {
        stopped = true;
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      },
      Math.min(limitMs, 2 ** 31 - 1),
    );
    child.on('error', () => resolve('failed'));
    child.on('close', (code) => {
      clearTimeout(stop);
      resolve(stopped ? 'stopped' : code === 0 ? 'passed' : 'failed');
    });
  });
}

const until = Date.now() + Number(values.minutes ?? Infinity) * 60_000;
const known = lastRuns();
const wanted = campaigns()
  .filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort((a, b) => (known[a.name] ?? 0) - (known[b.name] ?? 0));
const outcomes = new Map<Outcome, string[]>([
  ['passed', []],
  ['failed', []],
  ['stopped', []],
]);
const leftOut: string[] = [];
for (const campaign of wanted) {
  const left = until - Date.now();
  if (left <= 0) {
    leftOut.push(campaign.name);
    continue;
  }
  process.stdout.write(`\n── ${campaign.name}\n`);
  const outcome = await run(campaign, left);
  outcomes.get(outcome)?.push(campaign.name);
  if (outcome === 'passed') noteRun(campaign.name);
}
for (const [outcome, names] of outcomes)
  if (names.length > 0) process.stdout.write(`${outcome}: ${names.join(', ')}\n`);
if (leftOut.length > 0) process.stdout.write(`left out for lack of time: ${leftOut.join(', ')}\n`);
process.exitCode = (outcomes.get('failed') ?? []).length > 0 ? 1 : 0;
