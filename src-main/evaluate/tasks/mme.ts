import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type DataFile, distinct, malformed, pictureAt, readText } from './read.ts';
import { SHORT_ANSWER, type Task, type TaskQuestion, answerTo, countAnswered, percent } from './task.ts';
import { statsOf } from '../../files/stats.ts';

/** The fourteen subtasks of MME and their two halves: eval_type_dict of MME's eval_tool/calculation.py. */
const PERCEPTION = [
  ...['existence', 'count', 'position', 'color', 'posters'],
  ...['celebrity', 'scene', 'landmark', 'artwork', 'OCR'],
];
const COGNITION = ['commonsense_reasoning', 'numerical_calculation', 'text_translation', 'code_reasoning'];
/** accuracy and accuracy+ of a subtask, 100 each */
const SUBTASK_MAX = 200;

const LAYOUT =
  "MME's folder: a folder for each subtask with picture.jpg (or .png) and picture.txt of two lines, the question, a tab, and Yes or No";

export interface MmeQuestion extends TaskQuestion {
  readonly group: string;
  readonly subtask: string;
  readonly gold: 'yes' | 'no';
}

/** Yes, no or neither of an answer: parse_pred_ans of MME's calculation.py. It looks no further than four characters. */
export function yesOrNo(answer: string): 'yes' | 'no' | 'other' {
  const start = [...answer.toLowerCase()].slice(0, 4).join('');
  if (start.includes('yes')) return 'yes';
  return start.includes('no') ? 'no' : 'other';
}

/**
 * MME (Fu et al. 2023), two yes/no questions a picture. Each subtask scores its accuracy over questions plus its accuracy+
 * over pictures (both questions right), in percent, as MME's eval_tool/calculation.py has it: up to 2000 for perception
 * and 800 for cognition. Asked with its own "Please answer yes or no." and LLaVA's short-answer instruction.
 */
export const mme: Task<MmeQuestion> = {
  name: 'mme',
  layout: LAYOUT,
  read(folder, pictures) {
    const data: DataFile = { path: folder, layout: LAYOUT };
    if (!isFolder(folder)) throw malformed(data, '', 'there is no such folder');
    const subtasks = [...PERCEPTION, ...COGNITION].filter((subtask) => isFolder(join(folder, subtask)));
    return distinct(
      data,
      subtasks.flatMap((subtask) => readSubtask(folder, subtask, pictures)),
    );
  },
  score(questions, answers) {
    const subtasks = Map.groupBy(questions, (question) => question.subtask);
    const details: Record<string, number> = { ...countAnswered(questions, answers) };
    const total = { perception: 0, cognition: 0 };
    for (const [subtask, asked] of subtasks) {
      const right = (question: MmeQuestion) => yesOrNo(answerTo(question, answers) ?? '') === question.gold;
      const byPicture = [...Map.groupBy(asked, (question) => question.group).values()];
      const accuracy = percent(asked.filter(right).length, asked.length);
      const accuracyPlus = percent(byPicture.filter((pair) => pair.every(right)).length, byPicture.length);
      details[`${subtask} accuracy`] = accuracy;
      details[`${subtask} accuracy+`] = accuracyPlus;
      total[PERCEPTION.includes(subtask) ? 'perception' : 'cognition'] += accuracy + accuracyPlus;
    }
    return {
      metric: 'MME score, perception and cognition',
      value: total.perception + total.cognition,
      max: SUBTASK_MAX * (PERCEPTION.length + COGNITION.length),
      details: { ...total, ...details },
    };
  },
};

const isFolder = (path: string) => statsOf(path)?.isDirectory() === true;

/** Some subtasks of the official release keep pictures and texts in two folders of their own, others side by side. */
function readSubtask(folder: string, subtask: string, pictures: string | undefined): MmeQuestion[] {
  const parted = existsSync(join(folder, subtask, 'questions_answers_YN'));
  const texts = join(folder, subtask, parted ? 'questions_answers_YN' : '');
  const pictureFolder = join(pictures ?? folder, subtask, parted ? 'images' : '');
  return readdirSync(texts)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((name) => readPair({ path: join(texts, name), layout: LAYOUT }, subtask, pictureFolder));
}

function readPair(data: DataFile, subtask: string, folder: string): MmeQuestion[] {
  const name = basename(data.path, '.txt');
  const lines = readText(data).trimEnd().split('\n');
  if (lines.length !== 2) throw malformed(data, '', `two lines are expected, there are ${lines.length}`);
  const picture = pictureAt(data, 'its picture', folder, `${name}.jpg`, `${name}.png`);
  const group = `${subtask}/${name}`;
  return lines.map((line, i) => {
    const where = `line ${i + 1}`;
    const [question, answer, ...rest] = line.trim().split('\t');
    if (!question || answer === undefined || rest.length > 0)
      throw malformed(data, where, 'field question: a question, one tab and its answer are expected');
    const gold = answer.trim().toLowerCase();
    if (gold !== 'yes' && gold !== 'no')
      throw malformed(data, where, `field answer: Yes or No is expected, not ${answer}`);
    return { id: `${group}#${i + 1}`, prompt: question + SHORT_ANSWER, picture, group, subtask, gold };
  });
}
