import { SnugError } from '../../contract/errors.ts';

/**
 * A benchmark: a reader of its public data files and the scorer that its owners publish. What a model says is asked for
 * elsewhere; here are only questions in and a score out.
 */
export interface TaskQuestion {
  /** unique within the data */
  readonly id: string;
  /** the question with the instruction that its benchmark is commonly asked with, without any chat template */
  readonly prompt: string;
  /** a picture's path, or the bytes of its file (JPEG, PNG …) where the data carries them; undefined where nothing is shown */
  readonly picture: string | Uint8Array | undefined;
  /** questions of one group are scored together (two of a picture in MME, all rotations in MMBench): take all or none */
  readonly group?: string;
}

export interface TaskScore {
  readonly metric: string;
  /** on the metric's own scale, from 0 to `max` */
  readonly value: number;
  readonly max: number;
  /** parts of the score, in percent where not said otherwise; always with the counts `questions` and `answered` */
  readonly details: Readonly<Record<string, number>>;
}

export interface Task<Q extends TaskQuestion = TaskQuestion> {
  readonly name: string;
  /** the layout that `read` expects, to be shown to a person */
  readonly layout: string;
  /**
   * Reads a data file (a folder for MME); pictures are looked for in `pictures`, by default where the data is.
   * @throws SnugError BAD_ARGUMENT naming file, line or entry, and field
   */
  read(file: string, pictures?: string): readonly Q[];
  /** `questions` as `read` gave them, or whole groups of them; a question without an answer is wrong */
  score(questions: readonly Q[], answers: ReadonlyMap<string, string>): TaskScore;
}

/** What LLaVA-style evaluation appends to a question with a short answer (LLaVA docs/Evaluation.md). */
export const SHORT_ANSWER = '\nAnswer the question using a single word or phrase.';
/** The same for multiple choice (LLaVA docs/Evaluation.md). */
export const LETTER_ANSWER = "\nAnswer with the option's letter from the given choices directly.";

/** The model's answer without white space around it, as every harness stores it; undefined where it said nothing. */
export function answerTo(question: TaskQuestion, answers: ReadonlyMap<string, string>): string | undefined {
  const answer = answers.get(question.id)?.trim();
  return answer === '' ? undefined : answer;
}

/** @throws SnugError CANNOT_SEE where a question shows a picture and the model has no vision encoder to see it with */
export function requireVision(
  questions: readonly TaskQuestion[],
  mmprojPath: string | undefined,
  modelPath: string,
  advice: string,
): void {
  if (mmprojPath !== undefined || questions.every(({ picture }) => picture === undefined)) return;
  const message = `${modelPath} has no vision file, which questions about pictures need`;
  throw new SnugError('CANNOT_SEE', message, { advice, remedies: [{ kind: 'add-vision-file' }] });
}

export function countAnswered(questions: readonly TaskQuestion[], answers: ReadonlyMap<string, string>) {
  const answered = questions.filter((question) => answerTo(question, answers) !== undefined).length;
  return { questions: questions.length, answered };
}

/** `part` of `whole` in percent; 0 of nothing */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/** The mean of the questions' scores (0 to 1 each), in percent, over all of them and for every kind of question. */
export function meanScore<Q extends TaskQuestion>(
  metric: string,
  questions: readonly Q[],
  answers: ReadonlyMap<string, string>,
  rule: { of: (question: Q, answer: string) => number; kind?: (question: Q) => string | undefined },
): TaskScore {
  const scored = questions.map((question) => {
    const answer = answerTo(question, answers);
    return { kind: rule.kind?.(question), score: answer === undefined ? 0 : rule.of(question, answer) };
  });
  const mean = (items: typeof scored) =>
    percent(
      items.reduce((sum, item) => sum + item.score, 0),
      items.length,
    );
  const kinds = [...Map.groupBy(scored, (item) => item.kind)].flatMap(([kind, items]) =>
    kind === undefined ? [] : [[kind, mean(items)] as const],
  );
  const details = { ...countAnswered(questions, answers), ...Object.fromEntries(kinds) };
  return { metric, value: mean(scored), max: 100, details };
}

/** The first questions, at least `count` where there are as many: a group is never cut. */
export function firstQuestions<Q extends TaskQuestion>(questions: readonly Q[], count: number): readonly Q[] {
  const groups = new Set(questions.slice(0, count).map((question) => question.group ?? question.id));
  return questions.filter((question) => groups.has(question.group ?? question.id));
}
