import { spawn } from 'node:child_process';
import process from 'node:process';
import { arch, cpus, platform, release, totalmem } from 'node:os';

/** One claim: ours against theirs in one run on one machine. */
export interface PeerComparison {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number;
  /** ours relative to theirs, the way round that more is better (or, for a cost, less) */
  readonly ratio: number;
  /** absent with `met` where nothing is claimed and the ratio is only told */
  readonly wanted?: string;
  readonly met?: boolean;
  /** the least and the greatest ratio of the rounds, where they were taken by turns */
  readonly spread?: readonly [number, number];
  readonly note?: string;
}

/** What one round gave, one right after the other. */
export interface Turn {
  readonly ours: number;
  readonly theirs: number;
}

interface Claim {
  readonly name: string;
  readonly unit: string;
  /** the least ratio that is wanted, if any is */
  readonly wanted?: number;
  readonly note?: string;
}

/** The medians of rounds taken by turns: the ratio is that of rates, or for a cost the other way round. */
export function compareTurns(
  kind: 'rate' | 'cost',
  { name, unit, wanted, note }: Claim,
  turns: readonly Turn[],
): PeerComparison {
  const ratios = turns.map(({ ours, theirs }) => (kind === 'rate' ? ours / theirs : theirs / ours));
  const ratio = median(ratios);
  return {
    ...{ name, unit, ratio },
    ...(wanted === undefined ? {} : { wanted: `≥ ${String(wanted)}`, met: ratio >= wanted }),
    ours: median(turns.map(({ ours }) => ours)),
    theirs: median(turns.map(({ theirs }) => theirs)),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ...(note === undefined ? {} : { note }),
  };
}

export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  };
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Seconds of processors that work in this process takes, of all threads: other programs do not count. */
export async function processorSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Seconds of processors that a program takes, as bash counts them; with one thread, as others wait for each other by computing. */
export async function programSeconds(command: string, args: readonly string[]): Promise<number> {
  const script = 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>/dev/null || exit 1; } 2>&1';
  const said = await run('bash', ['-c', script, 'bash', command, ...args]);
  return said.split(' ').reduce((sum, seconds) => sum + Number(seconds), 0);
}

/** Runs a program to its end, with more in its environment; throws with its last words when it fails. */
export function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr = (stderr + chunk).slice(-2000)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`${command} ended with ${code}: ${stderr}`)),
    );
  });
}
