import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Rung } from '../../src-main/contract/rungs.ts';

/** llama.cpp's own tools as bench/peers.sh builds them, and the fixtures that are recorded with them. */

export const root = join(import.meta.dirname, '../..');
export const tools = join(root, '.cache', 'peers');
export const out = join(root, 'test', 'fixtures', 'peers');

// Relative to the repository: llama-imatrix writes the names of its inputs into the file.
export const MODEL = 'resources/demo-model/demo-vl-f16.gguf';
export const MMPROJ = 'resources/demo-model/mmproj-demo-vl-f16.gguf';
export const TEXT = 'test/fixtures/peers/text.txt';
export const IMATRIX = 'test/fixtures/peers/imatrix.gguf';

/** The file types that llama-quantize's blocks are recorded in, and that a test asks ours for. */
export const QUANTIZED_AS: readonly Rung[] = [
  'Q4_K_M',
  'IQ1_M',
  'IQ2_XXS',
  'Q2_K',
  'IQ3_XXS',
  'Q6_K',
  'Q8_0',
];

export const THREADS = '2';
// `-dev none` keeps the layers off Metal and `-fit off` the context from depending on free memory
export const CPU_ONLY = ['-dev', 'none', '-ngl', '0', '-fit', 'off', '-t', THREADS];
const TIMEOUT_MS = 120_000;

export interface Result {
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** where the tools are */
  folder?: string;
  env?: Record<string, string>;
  /** sees all of stdout each time some arrives, and may write to stdin */
  onOutput?: (stdout: string, write: (text: string) => void) => void;
}

export function run(tool: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(options.folder ?? tools, tool), args, {
      cwd: root,
      env: { ...process.env, ...options.env },
      // a session of its own, so without a terminal: llama.cpp's chat mode would draw on /dev/tty
      detached: true,
      timeout: TIMEOUT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      options.onOutput?.(stdout, (text) => child.stdin.write(text));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ stdout, stderr });
      else
        reject(new Error(`${tool} ${args.join(' ')} ended with ${signal ?? code}:\n${stderr.slice(-2000)}`));
    });
  });
}

export function writeJson(name: string, value: unknown): void {
  writeFileSync(join(out, name), `${JSON.stringify(value, null, 2)}\n`);
}

/** The tag that the tools and the libraries are built from. */
export function llamaCppTag(): string {
  const [tag] = readFileSync(join(root, '.cache', 'llama.cpp', '.snug-tag'), 'utf8').split(' ');
  if (!tag) throw new Error('.cache/llama.cpp/.snug-tag is empty');
  return tag;
}

/** The one of ggml's CPU variants that the tools of a folder take here, or undefined where none of theirs runs. */
export async function cpuVariant(folder = tools): Promise<string | undefined> {
  const { stderr } = await run('llama-bench', ['--list-devices'], { folder });
  return /loaded CPU backend from .*?([^/\n]+)\.(?:so|dylib)$/m.exec(stderr)?.[1];
}

/**
 * Works in a folder with some of the tools and one CPU variant: they load the best of those that lie beside them (and beside the file
 * itself, not a link to it), and there is no other way to ask for one. It lies beside the tools' own folder, where they look for
 * llama.cpp.
 */
export async function withVariant(
  library: string,
  names: readonly string[],
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(dirname(tools), 'peers-'));
  try {
    for (const name of [...names, library]) {
      copyFileSync(join(tools, name), join(folder, name));
    }
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
