import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { type DataFile, checkList, distinct, idSchema, malformed, pictureAt, readJson } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, meanScore } from './task.ts';
import { vqaAccuracy, vqaAnswer } from './vqa-answer.ts';

const LAYOUT =
  "VQAv2's v2_OpenEnded_mscoco_val2014_questions.json with v2_mscoco_val2014_annotations.json beside it (train or val: the owners keep the answers of the test split)";

export interface VqaV2Question extends TaskQuestion {
  /** of the annotators, processed */
  readonly golds: readonly string[];
  /** yes/no, number or other */
  readonly answerType: string | undefined;
}

const questionsSchema = z.object({ data_subtype: z.string().optional(), questions: z.array(z.unknown()) });
const questionSchema = z.object({ image_id: idSchema, question: z.string(), question_id: idSchema });
const annotationsSchema = z.object({ annotations: z.array(z.unknown()) });
const annotationSchema = z.object({
  question_id: idSchema,
  answer_type: z.string().optional(),
  answers: z.array(z.object({ answer: z.string() })).min(1),
});

/**
 * VQAv2 (Goyal et al. 2017): VQA accuracy, from GT-Vision-Lab/VQA's vqaEval.py. Answers and annotations are always
 * processed alike, as in mmf and VLMEvalKit; vqaEval.py leaves annotations that all agree as they are, which for the
 * published ones is the same. Asked with LLaVA's short-answer instruction.
 */
export const vqav2: Task<VqaV2Question> = {
  name: 'vqav2',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const { data_subtype: subset, questions } = readJson(data, questionsSchema);
    const annotations = readAnnotations(data);
    return distinct(
      data,
      checkList(data, 'questions', questionSchema, questions).map(({ value, where }) => {
        const annotation = annotations.get(value.question_id);
        if (annotation === undefined)
          throw malformed(
            data,
            where,
            `field question_id: ${value.question_id} is not among the annotations`,
          );
        const number = value.image_id.padStart(12, '0');
        const names = [...(subset === undefined ? [] : [`COCO_${subset}_${number}.jpg`]), `${number}.jpg`];
        return {
          id: value.question_id,
          prompt: value.question + SHORT_ANSWER,
          picture: pictureAt(data, where, pictures, ...names),
          golds: annotation.answers.map(({ answer }) => vqaAnswer(answer)),
          answerType: annotation.answer_type,
        };
      }),
    );
  },
  score: (questions, answers) =>
    meanScore('VQA accuracy', questions, answers, {
      of: (question, answer) => vqaAccuracy(vqaAnswer(answer), question.golds),
      kind: (question) => question.answerType,
    }),
};

function readAnnotations(questions: DataFile): ReadonlyMap<string, z.output<typeof annotationSchema>> {
  const name = basename(questions.path).replace('questions', 'annotations');
  const names = [name.replace('OpenEnded_', ''), name];
  const paths = names.map((candidate) => join(dirname(questions.path), candidate));
  const path = paths.find((candidate) => candidate !== questions.path && existsSync(candidate));
  if (path === undefined) throw malformed(questions, '', `there is no ${names[0]} beside it`);
  const data = { path, layout: LAYOUT };
  const list = checkList(
    data,
    'annotations',
    annotationSchema,
    readJson(data, annotationsSchema).annotations,
  );
  return new Map(list.map(({ value }) => [value.question_id, value]));
}
