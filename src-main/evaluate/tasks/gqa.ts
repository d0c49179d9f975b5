import { z } from 'zod';
import { type DataFile, distinct, idSchema, pictureAt, readEntries } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, meanScore } from './task.ts';

const LAYOUT = "GQA's JSON {id: {question, answer, imageId}}, as in testdev_balanced_questions.json";

export interface GqaQuestion extends TaskQuestion {
  readonly gold: string;
  /** "query" for an open question, anything else for one between given answers; undefined where the file does not say */
  readonly structure: string | undefined;
}

const entrySchema = z.object({
  question: z.string(),
  answer: z.string(),
  imageId: idSchema,
  isBalanced: z.boolean().optional(),
  types: z.object({ structural: z.string().optional() }).optional(),
});

/** An answer as LLaVA's scripts/convert_gqa_for_eval.py hands it to GQA's eval.py. */
function gqaAnswer(answer: string): string {
  return answer.replace(/\.+$/, '').toLowerCase();
}

/**
 * GQA (Hudson & Manning 2019): accuracy by exact match over the balanced questions, GQA's eval.py, with answers
 * lowercased and freed of trailing periods before (LLaVA's convert_gqa_for_eval.py). LLaVA's short-answer instruction.
 */
export const gqa: Task<GqaQuestion> = {
  name: 'gqa',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const balanced = readEntries(data, entrySchema).filter(({ value }) => value.isBalanced !== false);
    return distinct(
      data,
      balanced.map(({ key, value, where }) => ({
        id: key,
        prompt: value.question + SHORT_ANSWER,
        picture: pictureAt(data, where, pictures, `${value.imageId}.jpg`),
        gold: value.answer,
        structure: value.types?.structural,
      })),
    );
  },
  score: (questions, answers) =>
    meanScore('accuracy', questions, answers, {
      of: (question, answer) => (gqaAnswer(answer) === question.gold ? 1 : 0),
      kind: ({ structure }) =>
        structure === undefined ? undefined : structure === 'query' ? 'open' : 'binary',
    }),
};
