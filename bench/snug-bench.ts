import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import type { Asked } from './llama-bench.ts';
import { run } from './measure.ts';

const script = join(import.meta.dirname, 'chat-in-child.ts');
const resultSchema = z.object({ prompt: z.number(), answer: z.number() });

/** Tokens per second of Snug's engine as llama-bench gives them: in a process of its own and after a warm-up. */
export async function snugBench(
  { model, threads, prompt, answer }: Omit<Asked, 'peers'>,
  kernels: 'own' | 'stock',
): Promise<{ prompt: number; answer: number }> {
  const numbers = [threads, prompt, answer].map(String);
  const output = await run(process.execPath, [script, model, ...numbers], { SNUG_KERNELS: kernels });
  return resultSchema.parse(JSON.parse(output));
}
