import { join } from 'node:path';
import { loadAddon } from '../src-main/engine/addon.ts';
import { openModel } from '../src-main/models/open-model.ts';
import { median, run, type PeerComparison } from './measure.ts';
import type { Setting } from './setting.ts';

const PROMPT = 512;
const ANSWER = 64;
const ROUNDS = 5;

/** Speed of the chat engine against llama-bench on the same file, taken in turns. */
export async function benchChat({ peers, threads, quantized }: Setting): Promise<PeerComparison[]> {
  const { addon } = loadAddon();
  using model = await openModel(addon, {
    path: quantized,
    mapped: false,
    limits: { minTokens: 4, maxTokens: 64 },
    threads,
  });
  const chat = new addon.Chat(model, { contextTokens: PROMPT + ANSWER, batchTokens: PROMPT, threads });
  const rates = {
    prompt: { ours: [] as number[], theirs: [] as number[] },
    answer: { ours: [] as number[], theirs: [] as number[] },
  };
  const tokens = (seed: number) => Int32Array.from({ length: PROMPT }, (_, i) => (i * 7919 + seed) % 1900);
  await chat.prompt({ tokens: tokens(0) });
  for (let round = 1; round <= ROUNDS; round++) {
    const prompt = await chat.prompt({ tokens: tokens(round * 13) });
    rates.prompt.ours.push((prompt.promptTokens - prompt.reusedTokens) / prompt.promptSeconds);
    // llama-bench decodes from an empty cache; one conversation, for a second one's threads would spin beside it
    await chat.prompt({ tokens: Int32Array.of(round) });
    const answer = await chat.answer({ maxTokens: ANSWER, ignoreEnd: true });
    rates.answer.ours.push(answer.tokens / answer.seconds);
    const flags = `-p ${PROMPT} -n ${ANSWER} -t ${threads} -r 1 -dev none -ngl 0 -o json`.split(' ');
    const output = await run(join(peers, 'llama-bench'), ['-m', quantized, ...flags]);
    for (const result of JSON.parse(output) as { n_prompt: number; avg_ts: number }[]) {
      (result.n_prompt > 0 ? rates.prompt : rates.answer).theirs.push(result.avg_ts);
    }
  }
  chat.close();
  return (['prompt', 'answer'] as const).map((kind) => {
    const ours = median(rates[kind].ours);
    const theirs = median(rates[kind].theirs);
    return {
      name: kind === 'prompt' ? `read a prompt of ${PROMPT} tokens` : `decode ${ANSWER} tokens`,
      unit: 'tokens per second',
      ours,
      theirs,
      ratio: ours / theirs,
      wanted: '≥ 0.97',
      met: ours / theirs >= 0.97,
    };
  });
}
