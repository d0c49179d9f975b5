import process from 'node:process';
import { loadAddon } from '../src-main/engine/addon.ts';
import { openModel } from '../src-main/models/open-model.ts';

// Loads a model as a chat does and reads a prompt and answers once, as llama-bench does in a process of its own: snug-bench.ts.

const [path = '', threads, promptTokens, answerTokens] = process.argv.slice(2);
const [count, prompt, answer] = [Number(threads), Number(promptTokens), Number(answerTokens)];
const { addon } = loadAddon();
using model = await openModel(addon, {
  path,
  mapped: false,
  limits: { minTokens: 4, maxTokens: 64 },
  threads: count,
});
const chat = new addon.Chat(model, { contextTokens: prompt + answer, batchTokens: prompt, threads: count });
const tokens = (first: number, length: number) =>
  Int32Array.from({ length }, (_, i) => (i * 7919 + first) % 1900);
// the first run touches everything for the first time
await chat.prompt({ tokens: tokens(1, prompt) });
const read = await chat.prompt({ tokens: tokens(2, prompt) });
// llama-bench answers nothing
await chat.prompt({ tokens: tokens(3, 1) });
const said = await chat.answer({ maxTokens: answer, ignoreEnd: true });
chat.close();
console.log(
  JSON.stringify({
    prompt: (read.promptTokens - read.reusedTokens) / read.promptSeconds,
    answer: said.tokens / said.seconds,
  }),
);
