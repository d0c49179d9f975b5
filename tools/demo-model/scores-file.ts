import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { VqaTest } from './recipe.ts';
import { plainAnswer } from '../../src-main/evaluate/tasks/own.ts';
import { scores, type Asked } from './score.ts';

/** `scores.json` beside the demo model: what the shipped files were seen to do, for the tests and the model card to read. */

export const MODEL = 'demo-vl-f16.gguf';
export const MMPROJ = 'mmproj-demo-vl-f16.gguf';
/** The types a ladder goes down, in this order. */
export const LADDER_TYPES = ['Q8_0', 'Q4_K_M', 'IQ3_M', 'IQ2_M', 'IQ1_M'] as const;
export type LadderType = (typeof LADDER_TYPES)[number];

/** How many questions the quick part of the test has, about pictures and without them in the whole's proportion. */
const QUICK_QUESTIONS = 200;

const score = z.object({ right: z.int(), total: z.int() });
const part = z.object({
  pictures: z.int(),
  /** conversations without a picture */
  texts: z.int(),
  all: score,
  bySkill: z.record(z.string(), score),
});
const divergence = z.object({ tokens: z.int(), meanKld: z.number().nullable(), topAgreement: z.number() });
const step = z.object({
  type: z.enum(LADDER_TYPES),
  bytes: z.int(),
  image: divergence,
  text: divergence,
  whole: score,
  quick: score,
});
/** `source`: the F16 file on the whole test. */
const ladder = z.object({ source: score, steps: z.array(step) });
const sample = z.object({
  question: z.string(),
  picture: z.string().optional(),
  /** what is right, and what the model said */
  answer: z.string(),
  said: z.string(),
});
const kept = z.object({
  sha256: z.object({ [MODEL]: z.string(), [MMPROJ]: z.string() }),
  llamaCpp: z.string(),
  decoding: z.literal('greedy'),
  testSeed: z.string(),
  whole: part,
  quick: part,
  samples: z.array(sample),
  /** how long each stage was trained, in words */
  trained: z.string(),
  ladder: ladder.optional(),
});

export type Score = z.infer<typeof score>;
export type TestPart = z.infer<typeof part>;
export type LadderStep = z.infer<typeof step>;
export type Ladder = z.infer<typeof ladder>;
export type AskedSample = z.infer<typeof sample>;
export type ScoresFile = z.infer<typeof kept>;

export function readScores(folder: string): ScoresFile {
  return kept.parse(JSON.parse(readFileSync(join(folder, 'scores.json'), 'utf8')));
}

export function writeScores(folder: string, content: ScoresFile): void {
  writeFileSync(join(folder, 'scores.json'), `${JSON.stringify(content, null, 2)}\n`);
}

type Conversations = VqaTest['text'];

const turnsOf = ({ pictures, text }: VqaTest) =>
  [...pictures.flatMap(({ conversations }) => conversations), ...text].flat();

/** The first of `all` that have so many questions between them. */
function firstWith<T>(questions: number, all: readonly T[], conversations: (one: T) => Conversations): T[] {
  const taken: T[] = [];
  for (const one of all) {
    if (taken.flatMap(conversations).flat().length >= questions) break;
    taken.push(one);
  }
  return taken;
}

/** The quick part of a test: its first pictures and its first conversations without one. */
export function quickTest(test: VqaTest): VqaTest {
  const texts = Math.round((QUICK_QUESTIONS * test.text.flat().length) / turnsOf(test).length);
  return {
    ...test,
    pictures: firstWith(QUICK_QUESTIONS - texts, test.pictures, ({ conversations }) => conversations),
    text: firstWith(texts, test.text, (conversation) => [conversation]),
  };
}

function summary({ pictures, text }: VqaTest, asked: readonly Asked[]): TestPart {
  const { all = { right: 0, total: 0 }, ...bySkill } = Object.fromEntries([...scores(asked)].sort());
  return { pictures: pictures.length, texts: text.length, all, bySkill };
}

/** The scores of the whole test and of its quick part, from one run over all of it. */
export function parts(test: VqaTest, asked: readonly Asked[]): { whole: TestPart; quick: TestPart } {
  const quick = quickTest(test);
  const turns = new Set(turnsOf(quick));
  return {
    whole: summary(test, asked),
    quick: summary(
      quick,
      asked.filter(({ turn }) => turns.has(turn)),
    ),
  };
}

export function percent({ right, total }: Score): number {
  return (100 * right) / total;
}

export function isRight({ answer, said }: AskedSample): boolean {
  return plainAnswer(answer) === plainAnswer(said);
}

/** By how many points fewer answers to the whole test are right in a type than in F16. */
export function pointsLost({ source, steps }: Ladder, type: LadderType): number {
  const step = steps.find((one) => one.type === type);
  return step ? percent(source) - percent(step.whole) : NaN;
}

/** What a ladder was to show, and whether it does. */
export function wishes(ladder: Ladder): { wish: string; met: boolean }[] {
  const { steps } = ladder;
  return [
    { wish: 'Q4_K_M answers within 2 points of F16', met: Math.abs(pointsLost(ladder, 'Q4_K_M')) <= 2 },
    { wish: 'IQ1_M answers at least 20 points below F16', met: pointsLost(ladder, 'IQ1_M') >= 20 },
    ...(['image', 'text'] as const).map((kind) => ({
      wish: `each type's KL divergence is clearly above the one before (${kind === 'image' ? 'pictures' : 'text'})`,
      met: clearlyRising(steps.map((step) => step[kind].meanKld ?? Infinity)),
    })),
  ];
}

/** A fifth more than the type before: what another seed of the calibration does not turn round. */
const CLEARLY = 1.2;

function clearlyRising(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value > CLEARLY * (values[i - 1] ?? 0));
}
