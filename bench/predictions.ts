import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenChatRequest, SendRequest } from '../src-main/contract/chat.ts';
import { startChatWorker } from '../src-main/engine/workers.ts';
import { predictedSpeedOf } from '../src-main/fit/predicted-speed.ts';
import { measureInChat, writeFullSizeModel, type FullSizeCase } from '../test/fixtures/measured-full-size.ts';
import { QWEN_3B, QWEN_7B, type RealLayout } from '../test/fixtures/sparse-models.ts';
import { machine } from './measure.ts';

// What Snug says of speed and memory before a fit, against what models of Qwen2.5-VL's real size take:
// npm run bench:predictions [-- name …].
// Their weights are random (full-size.ts). Close other programs first.

const root = join(import.meta.dirname, '..');
const THREADS = 2;
const CONTEXT_TOKENS = 4096;
const ROUNDS = 5;
const SMALL_PICTURE = 64;
/** 448 × 448 pixels; encoding one takes half a minute of two cores */
const PICTURE = 256;
const TOLERATED = { speed: 0.15, memory: 0.05 };

type Case = Pick<FullSizeCase, 'plan' | 'pictureTokens'> & { readonly layout: RealLayout };

const cases: readonly Case[] = [
  ...(['Q8_0', 'Q4_K_M', 'Q2_K', 'IQ2_M', 18] as const).map((plan) => ({
    layout: QWEN_3B,
    plan,
    pictureTokens: SMALL_PICTURE,
  })),
  { layout: QWEN_3B, plan: 36, pictureTokens: PICTURE },
  { layout: QWEN_7B, plan: 'Q4_K_M', pictureTokens: PICTURE },
  { layout: QWEN_7B, plan: 12, pictureTokens: PICTURE },
];

interface Result {
  readonly model: string;
  readonly plan: string;
  readonly pictureTokens: number;
  readonly tokensPerSecond: { readonly predicted: number; readonly measured: number };
  readonly memoryBytes: { readonly predicted: number; readonly measured: number };
}

function nameOf({ layout, plan }: Case): string {
  return typeof plan === 'number' ? `${plan} of ${layout.layers} layers IQ1_M, the rest Q4_K_M` : plan;
}

async function measure(one: Case, folder: string): Promise<Result> {
  const setting = { ...one, contextTokens: CONTEXT_TOKENS, threads: THREADS };
  const { context, plan, request } = await writeFullSizeModel(setting, folder);
  const { peakMemoryBytes } = await measureInChat(request);
  let timings = 0;
  // a home of its own: kernels that were timed before are not timed again
  const predict = () => {
    const home = join(folder, `home-${timings++}`);
    return predictedSpeedOf({ ...context, request: { ...context.request, home } }, plan);
  };
  return {
    model: one.layout.name,
    plan: nameOf(one),
    pictureTokens: one.pictureTokens,
    tokensPerSecond: await speedsByTurns(request, predict),
    memoryBytes: { predicted: plan.memory.totalBytes, measured: peakMemoryBytes },
  };
}

/**
 * Answers of a chat and predictions by turns, each answer held against the mean of the predictions before and after it: a machine that
 * others share is a fifth faster or slower from one minute to the next. The round with the median ratio.
 */
async function speedsByTurns(
  request: OpenChatRequest,
  predict: () => Promise<number>,
): Promise<Result['tokensPerSecond']> {
  await using worker = startChatWorker();
  await worker.open(request);
  const answer = async () => {
    await worker.restore({ systemPrompt: '', turns: [] });
    const asked: SendRequest = {
      text: 'What is this?',
      pictures: [],
      maxTokens: 32,
      temperature: 0,
      seed: 0,
    };
    const { statistics } = await worker.send({ ...asked, ignoreEnd: true });
    return statistics.answerTokens / statistics.answerSeconds;
  };
  // touches the weights for the first time
  await answer();
  const rounds: Result['tokensPerSecond'][] = [];
  let before = await predict();
  for (let round = 0; round < ROUNDS; round++) {
    const measured = await answer();
    const after = await predict();
    rounds.push({ predicted: (before + after) / 2, measured });
    before = after;
  }
  rounds.sort((a, b) => a.predicted / a.measured - b.predicted / b.measured);
  return rounds[ROUNDS >> 1] ?? { predicted: NaN, measured: NaN };
}

function told(
  what: 'speed' | 'memory',
  { predicted, measured }: { predicted: number; measured: number },
  unit: string,
): string {
  const ratio = predicted / measured;
  const verdict = Math.abs(ratio - 1) <= TOLERATED[what] ? 'met' : 'NOT MET';
  return `${what} ${predicted.toFixed(1)} predicted, ${measured.toFixed(1)} measured ${unit}: ${ratio.toFixed(3)} (within ${TOLERATED[what] * 100} %: ${verdict})`;
}

const cache = join(root, '.cache', 'bench');
mkdirSync(cache, { recursive: true });
const wanted = process.argv.slice(2);
const results: Result[] = [];
for (const one of cases) {
  const name = `${one.layout.name} ${nameOf(one)} ${one.pictureTokens}`;
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  const folder = mkdtempSync(join(cache, 'full-size-'));
  try {
    const result = await measure(one, folder);
    results.push(result);
    const gib = ({ predicted, measured }: Result['memoryBytes']) => ({
      predicted: predicted / 2 ** 30,
      measured: measured / 2 ** 30,
    });
    console.log(`${result.model}, ${result.plan}, pictures of ${result.pictureTokens} tokens`);
    console.log(`  ${told('speed', result.tokensPerSecond, 'tokens/s')}`);
    console.log(`  ${told('memory', gib(result.memoryBytes), 'GiB')}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
if (wanted.length === 0) {
  const content = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    threads: THREADS,
    contextTokens: CONTEXT_TOKENS,
    results,
  };
  writeFileSync(join(root, 'bench', 'results', 'predictions.json'), `${JSON.stringify(content, null, 2)}\n`);
  console.log('Saved as bench/results/predictions.json');
}
