import { z } from 'zod';
import { editDistance } from './edit-distance.ts';
import { type DataFile, checkList, distinct, idSchema, pictureAt, readJson } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, meanScore } from './task.ts';

const LAYOUT =
  "DocVQA's JSON {data: [{questionId, question, image, answers}]} of the train or val split; the owners keep the answers of the test split";

export interface DocVqaQuestion extends TaskQuestion {
  readonly golds: readonly string[];
}

const fileSchema = z.object({ data: z.array(z.unknown()) });
const entrySchema = z.object({
  questionId: idSchema,
  question: z.string(),
  image: z.string(),
  answers: z.array(z.string()).min(1),
});

/** A similarity below this counts as none (anls_threshold). */
const THRESHOLD = 0.5;

const collapse = (text: string) => text.trim().toLowerCase().split(/\s+/).join(' ');

/**
 * Normalized Levenshtein similarity to the nearest gold answer, 0 below ½: the owners' script of the Robust Reading
 * Competition (rrc.cvc.uab.es, ch=17; also pix2struct's anls_metric). A similarity of just ½ counts there, where equation 1
 * of Biten et al. (2019) has it 0. Texts are compared in lower case and with single spaces, and their distance is divided
 * by the length of the longer one as it was before that.
 */
export function anls(answer: string, golds: readonly string[]): number {
  const length = (text: string) => [...text.toUpperCase()].length;
  const distances = golds.map((gold) => {
    const longer = Math.max(length(gold), length(answer));
    return longer === 0 ? 0 : editDistance(collapse(gold), collapse(answer)) / longer;
  });
  const similarity = 1 - Math.min(1, ...distances);
  return similarity < THRESHOLD ? 0 : similarity;
}

/** DocVQA (Mathew et al. 2021): ANLS, the mean similarity. Asked with LLaVA's short-answer instruction. */
export const docvqa: Task<DocVqaQuestion> = {
  name: 'docvqa',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const entries = checkList(data, 'data', entrySchema, readJson(data, fileSchema).data);
    return distinct(
      data,
      entries.map(({ value, where }) => ({
        id: value.questionId,
        prompt: value.question + SHORT_ANSWER,
        picture: pictureAt(data, where, pictures, value.image),
        golds: value.answers,
      })),
    );
  },
  score: (questions, answers) =>
    meanScore('ANLS', questions, answers, { of: (question, answer) => anls(answer, question.golds) }),
};
