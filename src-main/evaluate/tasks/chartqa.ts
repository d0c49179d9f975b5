import { z } from 'zod';
import { decimal } from './decimal.ts';
import { type DataFile, checkList, distinct, pictureAt, readJson } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, meanScore } from './task.ts';

const LAYOUT =
  "ChartQA's JSON [{imgname, query, label}], as in test_human.json, with the pictures of its png folder";

export interface ChartQaQuestion extends TaskQuestion {
  readonly gold: string;
}

const entrySchema = z.object({ imgname: z.string(), query: z.string(), label: z.string() });

/** A number may be off by this share of the gold one (Masry et al. 2022, section 5.1). */
const RELATIVE_CHANGE = 0.05;

/** A percentage is a hundredth of its number. */
function toFloat(text: string): number | undefined {
  if (!text.endsWith('%')) return decimal(text);
  const number = decimal(text.replace(/%+$/, ''));
  return number === undefined ? undefined : number / 100;
}

/**
 * Relaxed correctness, pix2struct/metrics.py (which lmms-eval and VLMEvalKit repeat): within 5 % of a number, else the same
 * text in whatever case. "45%" is 0.45 and so not 45. A gold number of 0 is compared as text, as there is no 5 % of it.
 */
export function relaxedCorrectness(answer: string, gold: string): boolean {
  const said = toFloat(answer);
  const target = toFloat(gold);
  if (said === undefined || target === undefined || target === 0)
    return answer.toLowerCase() === gold.toLowerCase();
  return Math.abs(said - target) / Math.abs(target) <= RELATIVE_CHANGE;
}

/** ChartQA (Masry et al. 2022): relaxed accuracy. Asked with LLaVA's short-answer instruction. */
export const chartqa: Task<ChartQaQuestion> = {
  name: 'chartqa',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const entries = checkList(data, '', entrySchema, readJson(data, z.array(z.unknown())));
    return distinct(
      data,
      entries.map(({ value, where }, i) => ({
        id: String(i),
        prompt: value.query + SHORT_ANSWER,
        picture: pictureAt(data, where, pictures, value.imgname),
        gold: value.label,
      })),
    );
  },
  score: (questions, answers) =>
    meanScore('relaxed accuracy', questions, answers, {
      of: (question, answer) => (relaxedCorrectness(answer, question.gold) ? 1 : 0),
    }),
};
