import { z } from 'zod';
import { type Choices, choicesOf, inferOption } from './option.ts';
import { type DataFile, check, distinct, malformed, pictureAt } from './read.ts';
import { LETTER_ANSWER, type Task, type TaskQuestion, answerTo, countAnswered, percent } from './task.ts';
import { type TsvRow, readTsv } from './tsv.ts';

/** A rotation of question i has the index i + r · 1 000 000: g_index in VLMEvalKit's mcq_circular_eval. */
const ROTATION_STEP = 1_000_000;
/** An image cell up to this length is the index of the row that holds the picture: VLMEvalKit's image_base.py. */
const LONGEST_INDEX = 64;

const LAYOUT =
  "MMBench's table (.tsv) with the columns index, question, A, B (C, D), answer, category, l2-category and image (base64) or image_path; its dev split, as the owners keep the answers of the test split";

export interface MmbenchQuestion extends TaskQuestion {
  readonly group: string;
  readonly choices: Choices;
  /** letter of the right choice */
  readonly gold: string;
  readonly category: string | undefined;
  /** true for the choices in the order they were written in */
  readonly unrotated: boolean;
}

const text = z.string();
const rowSchema = z.object({
  index: z.string().regex(/^\d+$/, 'a whole number is expected').transform(Number),
  question: text,
  hint: text.optional(),
  A: text,
  B: text,
  C: text.optional(),
  D: text.optional(),
  answer: text,
  category: text.optional(),
  'l2-category': text.optional(),
  image: text.optional(),
  image_path: text.optional(),
});
type Row = z.output<typeof rowSchema>;

/**
 * MMBench (Liu et al. 2023) under circular evaluation: a question counts only when it is answered right under all
 * rotations of its choices (VLMEvalKit, eval_circular_group of vlmeval/dataset/utils/multiple_choice.py). Options are read
 * from the answers by rule alone, VLMEvalKit's `exact_matching`; the leaderboard asks a GPT for what the rules do not find,
 * so a model that talks around its answer scores higher there. Asked as LLaVA's model_vqa_mmbench.py does.
 */
export const mmbench: Task<MmbenchQuestion> = {
  name: 'mmbench',
  layout: LAYOUT,
  read(file, pictures) {
    const data: DataFile = { path: file, layout: LAYOUT };
    const rows = readTsv(data).map((row) => ({ line: row.line, ...checkRow(data, row) }));
    const pictureOf = pictureFinder(data, rows, pictures);
    const groups = Map.groupBy(rows, (row) => row.index % ROTATION_STEP);
    return distinct(
      data,
      [...groups.values()].flatMap((group) => {
        const asked = group.map((row) => toQuestion(data, row, pictureOf(row)));
        // the official files hold the rotations; where only the question is there they are made
        const [only] = asked;
        return only !== undefined && asked.length === 1 ? rotations(only, group[0] as Row) : asked;
      }),
    );
  },
  score(questions, answers) {
    const right = (question: MmbenchQuestion) =>
      inferOption(answerTo(question, answers) ?? '', question.choices) === question.gold;
    const groups = [...Map.groupBy(questions, (question) => question.group).values()];
    const share = (some: MmbenchQuestion[][]) =>
      percent(some.filter((group) => group.every(right)).length, some.length);
    const categories = [...Map.groupBy(groups, (group) => group[0]?.category)].flatMap(([category, some]) =>
      category === undefined ? [] : [[category, share(some)] as const],
    );
    const unrotated = questions.filter((question) => question.unrotated);
    return {
      metric: 'MMBench circular accuracy (options found by rule)',
      value: share(groups),
      max: 100,
      details: {
        groups: groups.length,
        ...countAnswered(questions, answers),
        'accuracy without rotation': percent(unrotated.filter(right).length, unrotated.length),
        ...Object.fromEntries(categories),
      },
    };
  },
};

function checkRow(data: DataFile, row: TsvRow): Row {
  // pandas reads these as a missing value
  const present = Object.entries(row.cells).filter(([, cell]) => !/^(nan|none)$/i.test(cell));
  // a choice may well say "None"
  const choices = Object.entries(row.cells).filter(
    ([name, cell]) => /^[A-D]$/.test(name) && !/^nan$/i.test(cell),
  );
  const value = check(data, `line ${row.line}`, rowSchema, Object.fromEntries([...present, ...choices]));
  if (value.D !== undefined && value.C === undefined)
    throw malformed(data, `line ${row.line}`, 'field C: there is a choice D and no C');
  return value;
}

function prompt(question: Row, choices: Choices): string {
  const lines = [question.hint, question.question, ...[...choices].map(([letter, is]) => `${letter}. ${is}`)];
  return lines.filter((line) => line !== undefined).join('\n') + LETTER_ANSWER;
}

function toQuestion(
  data: DataFile,
  row: Row & { line: number },
  picture: string | Uint8Array,
): MmbenchQuestion {
  const choices = choicesOf([row.A, row.B, row.C, row.D].filter((choice) => choice !== undefined));
  if (!choices.has(row.answer))
    throw malformed(data, `line ${row.line}`, `field answer: ${row.answer} is none of the choices`);
  return {
    id: String(row.index),
    group: String(row.index % ROTATION_STEP),
    prompt: prompt(row, choices),
    picture,
    choices,
    gold: row.answer,
    category: row['l2-category'] ?? row.category,
    unrotated: row.index < ROTATION_STEP,
  };
}

function rotations(question: MmbenchQuestion, row: Row): MmbenchQuestion[] {
  const texts = [...question.choices.values()];
  const gold = question.gold.charCodeAt(0) - 65;
  return texts.map((_, r) => {
    const choices = choicesOf([...texts.slice(r), ...texts.slice(0, r)]);
    return {
      ...question,
      id: String(row.index + r * ROTATION_STEP),
      prompt: prompt(row, choices),
      choices,
      gold: String.fromCharCode(65 + ((gold - r + texts.length) % texts.length)),
      unrotated: r === 0 && question.unrotated,
    };
  });
}

function pictureFinder(
  data: DataFile,
  rows: readonly (Row & { line: number })[],
  folder: string | undefined,
): (row: Row & { line: number }) => string | Uint8Array {
  const byIndex = new Map(rows.map((row) => [String(row.index), row]));
  // rotations repeat their picture: it is decoded and kept once
  const decoded = new Map<string, Uint8Array>();
  return (row) => {
    const where = `line ${row.line}`;
    if (row.image === undefined) {
      if (row.image_path !== undefined) return pictureAt(data, where, folder, row.image_path);
      throw malformed(data, where, 'field image: there is neither an image nor an image_path');
    }
    const image = row.image.length > LONGEST_INDEX ? row.image : (byIndex.get(row.image)?.image ?? row.image);
    if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(image))
      throw malformed(data, where, 'field image: neither base64 nor the index of a row with a picture');
    const bytes = decoded.get(image) ?? new Uint8Array(Buffer.from(image, 'base64'));
    decoded.set(image, bytes);
    return bytes;
  };
}
