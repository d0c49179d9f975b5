import { join } from 'node:path';
import { z } from 'zod';
import { run } from './measure.ts';

export interface Asked {
  /** folder of llama.cpp's own tools */
  readonly peers: string;
  readonly model: string;
  readonly threads: number;
  /** tokens */
  readonly prompt: number;
  readonly answer: number;
}

const resultsSchema = z.array(z.object({ n_prompt: z.number(), avg_ts: z.number() }));

/** Tokens per second of llama-bench, in a process of its own and after a warm-up. */
export async function llamaBench({
  peers,
  model,
  threads,
  prompt,
  answer,
}: Asked): Promise<{ prompt: number; answer: number }> {
  const flags = `-p ${prompt} -n ${answer} -t ${threads} -r 1 -dev none -ngl 0 -o json`.split(' ');
  const output = await run(join(peers, 'llama-bench'), ['-m', model, ...flags]);
  const results = resultsSchema.parse(JSON.parse(output));
  const rate = (reads: boolean) => results.find((one) => one.n_prompt > 0 === reads)?.avg_ts ?? NaN;
  return { prompt: rate(true), answer: rate(false) };
}
