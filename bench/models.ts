import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFullSizeModel } from '../test/fixtures/measured-full-size.ts';
import { QWEN_7B, type RealLayout } from '../test/fixtures/sparse-models.ts';
import type { Rung } from '../src-main/contract/rungs.ts';
import { llamaBench } from './llama-bench.ts';
import { compareTurns, type PeerComparison } from './measure.ts';
import type { Setting } from './setting.ts';
import { snugBench } from './snug-bench.ts';

const PROMPT = 512;
const ANSWER = 32;
const ROUNDS = 3;

/** A model of Qwen2.5-VL-7B's shape, and how many of its layers are low. */
interface Shape {
  readonly layout: RealLayout;
  readonly low: number;
  readonly file: string;
}

/** 3 of 7 layers are 12 of 28, and a quarter of the words keeps the head's share. */
export const QUARTER: Shape = {
  layout: {
    ...{ ...QWEN_7B, name: 'A quarter of Qwen2.5-VL-7B', layers: 7, vocabulary: QWEN_7B.vocabulary / 4 },
    vision: { ...QWEN_7B.vision, layers: 2 },
  },
  low: 3,
  file: 'quarter-7b',
};
export const WHOLE: Shape = {
  layout: { ...QWEN_7B, vision: { ...QWEN_7B.vision, layers: 2 } },
  low: 12,
  file: 'whole-7b',
};

interface Rates {
  readonly prompt: number;
  readonly answer: number;
}

interface Round {
  /** Snug with its own kernels, on the file with low layers; with llama.cpp's */
  readonly own: Rates;
  readonly stock: Rates;
  /** llama-bench on the same file; on one of Q4_K_M alone */
  readonly theirs: Rates;
  readonly theirQ4: Rates;
}

/** Models with low layers through Snug's own kernels, against stock llama.cpp on the same file and on Q4_K_M. By turns. */
export async function benchModels(
  { folder, peers, threads }: Setting,
  shape: Shape,
): Promise<PeerComparison[]> {
  const file = (kind: string) => join(folder, `${shape.file}-${kind}.gguf`);
  const low = await written(file('low'), shape, shape.low, threads);
  const q4 = await written(file('q4km'), shape, 'Q4_K_M', threads);
  const asked = { peers, threads, prompt: PROMPT, answer: ANSWER };
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      own: await snugBench({ ...asked, model: low }, 'own'),
      theirs: await llamaBench({ ...asked, model: low }),
      theirQ4: await llamaBench({ ...asked, model: q4 }),
      stock: await snugBench({ ...asked, model: low }, 'stock'),
    });
  }
  const claims = [
    ['answer', 'theirQ4', 1.1],
    ['answer', 'theirs', 1.25],
    ['answer', 'stock', 1],
    ['prompt', 'theirs', 1],
    ['prompt', 'stock', 1],
  ] as const;
  return claims.map(([what, against, wanted]) => claimed(shape, rounds, { what, against, wanted }));
}

const AGAINST = {
  theirQ4: 'Q4_K_M in stock llama.cpp',
  theirs: 'the same file in stock llama.cpp',
  stock: 'the same file in Snug with llama.cpp’s kernels',
};

interface Claimed {
  readonly what: keyof Rates;
  readonly against: keyof typeof AGAINST;
  readonly wanted: number;
}

function claimed(
  { layout, low }: Shape,
  rounds: readonly Round[],
  { what, against, wanted }: Claimed,
): PeerComparison {
  const does = what === 'answer' ? `decode ${ANSWER} tokens` : `read a prompt of ${PROMPT} tokens`;
  const claim = {
    name: `${does}, 7B’s shape, ${low} of ${layout.layers} layers IQ1_M: own kernels against ${AGAINST[against]}`,
    unit: 'tokens per second',
    wanted,
  };
  const turns = rounds.map((round) => ({ ours: round.own[what], theirs: round[against][what] }));
  return compareTurns('rate', claim, turns);
}

/** Writes the file where it isn't there yet. */
async function written(
  path: string,
  { layout }: Shape,
  plan: Rung | number,
  threads: number,
): Promise<string> {
  if (existsSync(path)) return path;
  const folder = `${path}.parts`;
  mkdirSync(folder, { recursive: true });
  const setting = { layout, plan, contextTokens: 1024, pictureTokens: 64, threads };
  const { request } = await writeFullSizeModel(setting, folder);
  renameSync(request.modelPath, path);
  rmSync(folder, { recursive: true });
  return path;
}
