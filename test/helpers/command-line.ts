import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { sharedFolder } from './temporary-folder.ts';

/** The commands as a person types them, each in a process of its own. */

const cli = join(import.meta.dirname, '..', '..', 'src-main', 'cli.ts');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** resolves once stderr has said this */
  readonly said: (what: RegExp) => Promise<void>;
}

interface StartOptions {
  readonly input?: string;
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
}

function run(child: ChildProcess, input: string): Running {
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  child.stdin?.end(input);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const said = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (what.test(stderr)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying ${what}: ${stderr}`)));
    });
  return { child, ended, said };
}

/**
 * A folder to run in and a home, both gone after the file's last test, as is every process still running then. `start` runs `snug …` in
 * a process group of its own, as a terminal does; `snug` waits for its end.
 */
export function commandLine() {
  const folder = sharedFolder();
  const home = join(folder, 'home');
  const started: ChildProcess[] = [];
  // hooks run last to first: before the folder goes
  afterAll(() => {
    for (const { pid, exitCode, signalCode } of started) {
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
    }
  });
  const start = (args: readonly string[], options: StartOptions = {}): Running => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: folder,
      detached: true,
      env: { ...process.env, SNUG_HOME: options.home ?? home, NO_COLOR: '1', ...options.env },
    });
    started.push(child);
    return run(child, options.input ?? '');
  };
  const snug = (...args: string[]): Promise<Ended> => start(args).ended;
  return { folder, home, start, snug };
}

/** Everything below a folder, as relative paths. */
export function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

export const unfinished = (path: string): string[] =>
  filesIn(path).filter((name) => /\.tmp$|lock$/.test(name));

/** The short demo model and its vision encoder in a folder of their own. */
export function copyOfDemo(where: string): { model: string; mmproj: string } {
  mkdirSync(where);
  const files = { model: join(where, 'demo-vl-f16.gguf'), mmproj: join(where, 'mmproj-demo-vl-f16.gguf') };
  copyFileSync(shortModel, files.model);
  copyFileSync(shortMmproj, files.mmproj);
  return files;
}

/** A fit of the demo model in seconds. */
export const QUICK = [
  ...['--calibration-tokens', '2000', '--clusters', '10'],
  ...['--rungs', 'Q4_K_M,Q2_K', '--threads', '1'],
];
