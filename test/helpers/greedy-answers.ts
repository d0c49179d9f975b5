import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Kernels } from '../../src-main/contract/kernels.ts';
import type { Answers } from '../fixtures/greedy-in-child.ts';

const script = join(import.meta.dirname, '..', 'fixtures', 'greedy-in-child.ts');

interface Run {
  readonly kernels: Kernels;
  /** llama.cpp's build, '' the usual one */
  readonly variant?: string;
  readonly threads: number;
  /** the first of 20 */
  readonly questions?: number;
}

/** What a model answers to questions about pictures, in a process with these kernels. */
export function greedyAnswers(
  model: string,
  { kernels, variant = '', threads, questions = 20 }: Run,
): Answers {
  const child = spawnSync(process.execPath, [script, model, String(threads), String(questions)], {
    encoding: 'utf8',
    env: { ...process.env, SNUG_KERNELS: kernels, ...(variant === '' ? {} : { SNUG_CPU_VARIANT: variant }) },
  });
  expect(child.status, child.stderr).toBe(0);
  return JSON.parse(child.stdout) as Answers;
}
