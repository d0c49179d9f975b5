import { z } from 'zod';
import { type DataFile, checkList, distinct, pictureAt, readJson } from './read.ts';
import { type Task, type TaskQuestion, meanScore } from './task.ts';

const LAYOUT =
  'a JSON list [{picture, question, answer}], with pictures named from where the file is, or no picture';

export interface OwnQuestion extends TaskQuestion {
  readonly gold: string;
  readonly kind: string | undefined;
}

const entrySchema = z.object({
  /** a question without one is asked as it is */
  picture: z.string().min(1).optional(),
  question: z.string().min(1),
  answer: z.string().min(1),
  /** scores are also given by kind */
  kind: z.string().optional(),
});

/** What is compared: case, white space at the ends and a final full stop do not count. */
export function plainAnswer(answer: string): string {
  return answer.trim().toLowerCase().replace(/\.$/, '');
}

/** One's own pictures and questions, asked as they stand; right is the answer word for word. */
export const own: Task<OwnQuestion> = {
  name: 'own',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const entries = checkList(data, '', entrySchema, readJson(data, z.array(z.unknown())));
    return distinct(
      data,
      entries.map(({ value, where }, i) => ({
        id: String(i),
        prompt: value.question,
        picture: value.picture === undefined ? undefined : pictureAt(data, where, pictures, value.picture),
        gold: value.answer,
        kind: value.kind,
      })),
    );
  },
  score: (questions, answers) =>
    meanScore('accuracy', questions, answers, {
      of: (question, answer) => (plainAnswer(answer) === plainAnswer(question.gold) ? 1 : 0),
      kind: ({ kind }) => kind,
    }),
};
