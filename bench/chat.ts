import { loadAddon } from '../src-main/engine/addon.ts';
import { openModel } from '../src-main/models/open-model.ts';
import { llamaBench } from './llama-bench.ts';
import { compareTurns, type PeerComparison, type Turn } from './measure.ts';
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
  const turns: { readonly prompt: Turn; readonly answer: Turn }[] = [];
  const tokens = (seed: number) => Int32Array.from({ length: PROMPT }, (_, i) => (i * 7919 + seed) % 1900);
  await chat.prompt({ tokens: tokens(0) });
  for (let round = 1; round <= ROUNDS; round++) {
    const prompt = await chat.prompt({ tokens: tokens(round * 13) });
    // llama-bench decodes from an empty cache; one conversation, for a second one's threads would spin beside it
    await chat.prompt({ tokens: Int32Array.of(round) });
    const answer = await chat.answer({ maxTokens: ANSWER, ignoreEnd: true });
    const theirs = await llamaBench({ peers, model: quantized, threads, prompt: PROMPT, answer: ANSWER });
    turns.push({
      prompt: {
        ours: (prompt.promptTokens - prompt.reusedTokens) / prompt.promptSeconds,
        theirs: theirs.prompt,
      },
      answer: { ours: answer.tokens / answer.seconds, theirs: theirs.answer },
    });
  }
  chat.close();
  const claim = { unit: 'tokens per second', wanted: 1 };
  return [
    compareTurns(
      'rate',
      { ...claim, name: `read a prompt of ${PROMPT} tokens` },
      turns.map(({ prompt }) => prompt),
    ),
    compareTurns(
      'rate',
      { ...claim, name: `decode ${ANSWER} tokens` },
      turns.map(({ answer }) => answer),
    ),
  ];
}
