import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChatHost } from '../../src-main/chat/host.ts';
import { plainAnswer } from '../../src-main/evaluate/tasks/own.ts';
import { findMmproj } from '../../src-main/models/find-mmproj.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import { drawPicture, readVqaTest, type Turn, type VqaTest } from './recipe.ts';

/**
 * Asks a model the held-out test, greedily, in llama.cpp, as the app would ask: pictures through the vision encoder, follow-ups in
 * the same conversation. `node tools/demo-model/score.ts [--model FILE] [--mmproj FILE] [--test FILE] [--wrong]`
 */

const CONTEXT_TOKENS = 512;
const MOST_ANSWER_TOKENS = 48;

export interface Score {
  right: number;
  total: number;
}
export interface Asked {
  readonly turn: Turn;
  readonly said: string;
  readonly right: boolean;
}

/** Asks every conversation of a test, those about pictures first. */
export async function askVqaTest(
  options: { model: string; mmproj: string; threads: number },
  test: VqaTest,
): Promise<Asked[]> {
  const host = new ChatHost();
  const folder = mkdtempSync(join(tmpdir(), 'snug-vqa-'));
  const asked: Asked[] = [];
  try {
    await host.open({
      modelPath: options.model,
      mmprojPath: options.mmproj,
      contextTokens: CONTEXT_TOKENS,
      threads: options.threads,
    });
    const converse = async (turns: readonly Turn[], picture?: string) => {
      host.session.reset();
      for (const [index, turn] of turns.entries()) {
        const { text } = await host.session.send({
          text: turn.question,
          pictures: picture !== undefined && index === 0 ? [picture] : [],
          maxTokens: MOST_ANSWER_TOKENS,
          temperature: 0,
          seed: 0,
        });
        asked.push({ turn, said: text, right: plainAnswer(text) === plainAnswer(turn.answer) });
      }
    };
    for (const [index, recipe] of test.pictures.entries()) {
      const path = join(folder, `${index}.png`);
      writeFileSync(path, await drawPicture(recipe, test.glyphs));
      for (const turns of recipe.conversations) await converse(turns, path);
    }
    for (const turns of test.text) await converse(turns);
  } finally {
    host.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return asked;
}

/** Right answers by skill, and of all under "all". */
export function scores(asked: readonly Asked[]): Map<string, Score> {
  const out = new Map<string, Score>([['all', { right: 0, total: 0 }]]);
  for (const { turn, right } of asked) {
    for (const name of ['all', turn.skill]) {
      const score = out.get(name) ?? { right: 0, total: 0 };
      score.total++;
      if (right) score.right++;
      out.set(name, score);
    }
  }
  return out;
}

async function main(): Promise<void> {
  const here = (path: string) => join(import.meta.dirname, '../../resources/demo-model', path);
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: here('demo-vl-f16.gguf') },
      mmproj: { type: 'string' },
      test: { type: 'string', default: here('vqa-test/test.json') },
      // two threads take a hundred times as long where another program wants a core: each waits spinning for the other
      threads: { type: 'string', default: '1' },
      wrong: { type: 'boolean', default: false },
    },
  });
  const mmproj = values.mmproj ?? findMmproj(readTextModel(values.model));
  if (mmproj === undefined)
    throw new Error(`${values.model} has no vision encoder beside it; name one with --mmproj`);
  const asked = await askVqaTest(
    { model: values.model, mmproj, threads: Number(values.threads) },
    readVqaTest(values.test),
  );
  if (values.wrong) {
    for (const { turn, said, right } of asked) {
      if (!right) console.log(`${turn.question} ${turn.answer} ← ${said}`);
    }
  }
  for (const [skill, { right, total }] of [...scores(asked)].sort()) {
    console.log(`${skill.padEnd(14)} ${((100 * right) / total).toFixed(1).padStart(5)} %  ${right}/${total}`);
  }
}

if (import.meta.main) await main();
