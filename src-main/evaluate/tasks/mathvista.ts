import { z } from 'zod';
import { type MathVistaGold, isMathVistaAnswer } from './mathvista-answer.ts';
import { choicesOf } from './option.ts';
import { type DataFile, distinct, malformed, pictureAt, readEntries } from './read.ts';
import { type Task, type TaskQuestion, meanScore } from './task.ts';

const LAYOUT =
  "MathVista's testmini.json {pid: {question, image, choices, unit, precision, answer, question_type, answer_type}}, with the pictures beside it under images; the owners keep the answers of the test split";

export interface MathVistaQuestion extends TaskQuestion {
  readonly gold: MathVistaGold;
}

const entrySchema = z.object({
  question: z.string(),
  image: z.string(),
  choices: z.array(z.string()).min(1).nullish(),
  unit: z.string().nullish(),
  precision: z.number().min(0).max(20).nullish(),
  // empty in the test split
  answer: z.string().min(1),
  question_type: z.enum(['multi_choice', 'free_form']),
  answer_type: z.enum(['text', 'integer', 'float', 'list']),
  query: z.string().optional(),
});
type MathVistaEntry = z.output<typeof entrySchema>;

/**
 * MathVista (Lu et al. 2024): accuracy. The owner has an LLM (GPT-4) extract the answer from the response, with which the
 * published numbers are made; here it is found by rule, which is weaker: an answer told in words or worked out over
 * several sentences may be missed, so scores lie below the published ones and are for comparing models with each other.
 * Asked with the entry's own `query`, or one built as evaluation/build_query.py does, whose hint says what to answer with.
 */
export const mathvista: Task<MathVistaQuestion> = {
  name: 'mathvista',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    return distinct(
      data,
      readEntries(data, entrySchema).map(({ key, value, where }) => ({
        id: key,
        prompt: value.query ?? query(value),
        picture: pictureAt(data, where, pictures, value.image),
        gold: goldOf(data, where, value),
      })),
    );
  },
  score: (questions, answers) =>
    meanScore('accuracy (answers found by rule)', questions, answers, {
      of: (question, answer) => (isMathVistaAnswer(answer, question.gold) ? 1 : 0),
      kind: ({ gold }) => (gold.choices === undefined ? gold.answerType : 'multiple choice'),
    }),
};

function goldOf(data: DataFile, where: string, entry: MathVistaEntry): MathVistaGold {
  const choices = entry.question_type === 'multi_choice' ? (entry.choices ?? undefined) : undefined;
  if (entry.question_type === 'multi_choice' && choices === undefined)
    throw malformed(data, where, 'field choices: a multiple choice without choices');
  if (choices !== undefined && !choices.includes(entry.answer))
    throw malformed(data, where, `field answer: "${entry.answer}" is none of the choices`);
  if (entry.answer_type === 'float' && typeof entry.precision !== 'number')
    throw malformed(data, where, 'field precision: a float needs its digits after the point');
  return {
    answer: entry.answer,
    answerType: entry.answer_type,
    choices,
    precision: Math.trunc(entry.precision ?? 0),
  };
}

function hint(entry: MathVistaEntry): string {
  if (entry.question_type === 'multi_choice')
    return 'Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end.';
  switch (entry.answer_type) {
    case 'integer':
      return 'Please answer the question requiring an integer answer and provide the final value, e.g., 1, 2, 3, at the end.';
    case 'float':
      return entry.precision === 1
        ? 'Please answer the question requiring a floating-point number with one decimal place and provide the final value, e.g., 1.2, 1.3, 1.4, at the end.'
        : 'Please answer the question requiring a floating-point number with two decimal places and provide the final value, e.g., 1.23, 1.34, 1.45, at the end.';
    case 'list':
      return 'Please answer the question requiring a Python list as an answer and provide the final list, e.g., [1, 2, 3], [1.2, 1.3, 1.4], at the end.';
    case 'text':
      return 'Please answer the question and provide the final answer at the end.';
  }
}

function query(entry: MathVistaEntry): string {
  const unit = entry.unit ? ` (Unit: ${entry.unit})` : '';
  const choices = [...choicesOf(entry.choices ?? [])].map(([letter, text]) => `(${letter}) ${text}`);
  return [
    `Hint: ${hint(entry)}`,
    `Question: ${entry.question}${unit}`,
    ...(choices.length > 0 ? ['Choices:', ...choices] : []),
  ].join('\n');
}
