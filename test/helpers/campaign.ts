import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs numbered cases in child processes that print where they are; a case that ends its child is kept, and the rest go on. */

interface Started {
  readonly starts: number;
  readonly what: string;
  /** the file that the case is made of */
  readonly path?: string;
}
interface Ended {
  readonly ends: number;
  readonly outcome: string;
}

interface Crash {
  readonly number: number;
  readonly what: string;
  readonly how: string;
  readonly kept: string | undefined;
}

export interface CampaignResult {
  /** outcome → number of cases */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly crashes: readonly Crash[];
}

const HANG_MS = 60_000;
/** A broken build crashes in every case: that many say it. */
const MOST_CRASHES = 20;

interface ChildEnd {
  readonly last: Started | Ended | undefined;
  readonly how: string | undefined;
}

function runChild(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onEnd: (ended: Ended) => void,
): Promise<ChildEnd> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let partial = '';
  let errors = '';
  let last: Started | Ended | undefined;
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, HANG_MS);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    limit.refresh();
    const lines = (partial + chunk).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) {
      last = JSON.parse(line) as Started | Ended;
      if ('ends' in last) onEnd(last);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const how = hangs
        ? 'hangs'
        : code === 0
          ? undefined
          : `${signal ?? `exit ${code}`}: ${reasonIn(errors)}`;
      resolve({ last, how });
    });
  });
}

/** What a sanitizer, an assertion or Node says first, with the first of our own frames. */
function reasonIn(errors: string): string {
  const said = errors
    .split('\n')
    .filter((line) => /ERROR:|runtime error|ASSERT|ABORT|what\(\)|Error/.test(line));
  const frames = errors.split('\n').filter((line) => /^\s+#\d+ .*(native\/|tools\/mtmd)/.test(line));
  return [...said.slice(0, 2), ...frames.slice(0, 3)].join(' | ') || errors.slice(-500);
}

export async function runCampaign(
  name: string,
  options: { script: string; folder: string; seed: number; cases: number; env: NodeJS.ProcessEnv },
): Promise<CampaignResult> {
  const { script, folder, seed, cases, env } = options;
  const outcomes: Record<string, number> = {};
  const crashes: Crash[] = [];
  for (let next = 0; next < cases && crashes.length < MOST_CRASHES;) {
    const args = [script, folder, ...[seed, next, cases].map(String)];
    const { last, how } = await runChild(args, env, ({ outcome }) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    });
    if (how === undefined) break;
    if (!last || 'ends' in last) throw new Error(`a child of ${name} ended between two cases: ${how}`);
    crashes.push({ number: last.starts, what: last.what, how, kept: keep(name, seed, last) });
    next = last.starts + 1;
  }
  return { outcomes, crashes };
}

function keep(name: string, seed: number, { starts, path }: Started): string | undefined {
  if (path === undefined || !existsSync(path)) return undefined;
  const folder = join(tmpdir(), 'snug-campaign');
  mkdirSync(folder, { recursive: true });
  const kept = join(folder, `${name}-${seed}-${starts}.gguf`);
  copyFileSync(path, kept);
  return kept;
}
