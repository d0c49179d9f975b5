import { basename, join } from 'node:path';
import { readdirSync } from 'node:fs';
import { z } from 'zod';
import { type DataFile, distinct, idSchema, pictureAt, readJsonLines } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, answerTo, countAnswered, percent } from './task.ts';
import { statsOf } from '../../files/stats.ts';

const LAYOUT =
  "POPE's JSON Lines {question_id, image, text, label, category (may be left out)}, or a folder of coco_pope_random.json, coco_pope_popular.json and coco_pope_adversarial.json";

export interface PopeQuestion extends TaskQuestion {
  readonly gold: 'yes' | 'no';
  /** random, popular or adversarial */
  readonly category: string | undefined;
}

const lineSchema = z.object({
  question_id: idSchema,
  image: z.string(),
  text: z.string(),
  label: z.enum(['yes', 'no']),
  category: z.string().optional(),
});

/** Anything but a no is a yes: llava/eval/eval_pope.py, as POPE's own evaluate.py. Case matters: "NO" is no no. */
export function popeAnswer(answer: string): 'yes' | 'no' {
  const [sentence = ''] = answer.split('.');
  const words = sentence.replaceAll(',', '').split(' ');
  return ['No', 'not', 'no'].some((word) => words.includes(word)) ? 'no' : 'yes';
}

/**
 * POPE (Li et al. 2023), whether an object is in the picture: accuracy, precision, recall and F1 with yes as the positive,
 * and the share of yes, of every category (eval_pope.py). The score is F1, averaged over the categories as papers give it.
 * A question without an answer counts as the wrong one of the two. Asked with LLaVA's short-answer instruction.
 */
export const pope: Task<PopeQuestion> = {
  name: 'pope',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    return distinct(
      data,
      filesAt(file).flatMap((path) => readFile({ path, layout: LAYOUT }, pictures)),
    );
  },
  score(questions, answers) {
    const categories = [...Map.groupBy(questions, (question) => question.category)].map(
      ([category, some]) => [category, rates(some, answers)] as const,
    );
    const byCategory = categories.flatMap(([category, all]) =>
      category === undefined
        ? []
        : Object.entries(all).map(([rate, value]) => [`${category} ${rate}`, value] as const),
    );
    const f1 = categories.reduce((sum, [, all]) => sum + all.F1, 0);
    return {
      metric: categories.length > 1 ? 'F1, mean over the categories' : 'F1',
      value: categories.length === 0 ? 0 : f1 / categories.length,
      max: 100,
      details: {
        ...countAnswered(questions, answers),
        ...rates(questions, answers),
        ...Object.fromEntries(byCategory),
      },
    };
  },
};

function rates(questions: readonly PopeQuestion[], answers: ReadonlyMap<string, string>) {
  const count = { yes: { yes: 0, no: 0 }, no: { yes: 0, no: 0 } };
  for (const question of questions) {
    const answer = answerTo(question, answers);
    const wrong = question.gold === 'yes' ? 'no' : 'yes';
    count[question.gold][answer === undefined ? wrong : popeAnswer(answer)]++;
  }
  const said = count.yes.yes + count.no.yes;
  const precision = percent(count.yes.yes, said);
  const recall = percent(count.yes.yes, count.yes.yes + count.yes.no);
  return {
    accuracy: percent(count.yes.yes + count.no.no, questions.length),
    precision,
    recall,
    F1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    'yes ratio': percent(said, questions.length),
  };
}

function filesAt(path: string): string[] {
  if (!statsOf(path)?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => /^coco_pope_\w+\.jsonl?$/.test(name));
  return names.sort().map((name) => join(path, name));
}

function readFile(data: DataFile, pictures: string | undefined): PopeQuestion[] {
  const named = /^coco_pope_(\w+)\.jsonl?$/.exec(basename(data.path))?.[1];
  return readJsonLines(data, lineSchema).map(({ value, where }) => {
    const category = value.category ?? named;
    return {
      // each of the three files counts its questions from 1
      id: category === undefined ? value.question_id : `${category}/${value.question_id}`,
      prompt: value.text + SHORT_ANSWER,
      picture: pictureAt(data, where, pictures, value.image),
      gold: value.label,
      category,
    };
  });
}
