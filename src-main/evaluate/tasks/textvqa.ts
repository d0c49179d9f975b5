import { z } from 'zod';
import { type DataFile, checkList, distinct, idSchema, pictureAt, readJson } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, meanScore } from './task.ts';
import { evalAiAnswer, vqaAccuracy } from './vqa-answer.ts';

const LAYOUT =
  "TextVQA's JSON {data: [{image_id, question, answers, question_id}]} of the train or val split; the owners keep the answers of the test split";

export interface TextVqaQuestion extends TaskQuestion {
  /** of the annotators, processed */
  readonly golds: readonly string[];
}

const fileSchema = z.object({ data: z.array(z.unknown()) });
const entrySchema = z.object({
  image_id: idSchema,
  question: z.string(),
  question_id: idSchema,
  answers: z.array(z.string()).min(1),
});

/**
 * TextVQA (Singh et al. 2019): VQA accuracy of answers processed by EvalAIAnswerProcessor, both from facebookresearch/mmf
 * (TextVQAAccuracyEvaluator), which LLaVA's m4c_evaluator.py repeats. Asked with LLaVA's short-answer instruction, without
 * the recognized text (OCR tokens) that LLaVA's own question file adds.
 */
export const textvqa: Task<TextVqaQuestion> = {
  name: 'textvqa',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const entries = checkList(data, 'data', entrySchema, readJson(data, fileSchema).data);
    return distinct(
      data,
      entries.map(({ value, where }) => ({
        id: value.question_id,
        prompt: value.question + SHORT_ANSWER,
        picture: pictureAt(data, where, pictures, `${value.image_id}.jpg`, `${value.image_id}.png`),
        golds: value.answers.map(evalAiAnswer),
      })),
    );
  },
  score: (questions, answers) =>
    meanScore('VQA accuracy', questions, answers, {
      of: (question, answer) => vqaAccuracy(evalAiAnswer(answer), question.golds),
    }),
};
