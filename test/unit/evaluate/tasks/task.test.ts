import { expect, it } from 'vitest';
import {
  type TaskQuestion,
  answerTo,
  firstQuestions,
  meanScore,
} from '../../../../src-main/evaluate/tasks/task.ts';
import { TASKS } from '../../../../src-main/evaluate/tasks/tasks.ts';

const question = (id: string, group?: string): TaskQuestion => ({
  id,
  prompt: '',
  picture: '',
  ...(group === undefined ? {} : { group }),
});

it("all nine benchmarks and one's own questions are there under their names", () => {
  expect(Object.keys(TASKS)).toEqual([
    ...['mme', 'mmbench', 'textvqa', 'vqav2', 'gqa', 'pope', 'chartqa', 'docvqa', 'mathvista', 'own'],
  ]);
});

it('an answer is taken without the white space around it, and a blank one is none', () => {
  const answers = new Map([
    ['1', ' yes\n'],
    ['2', ' \n'],
  ]);
  expect(answerTo(question('1'), answers)).toBe('yes');
  expect(answerTo(question('2'), answers)).toBeUndefined();
  expect(answerTo(question('3'), answers)).toBeUndefined();
});

it('the mean is over all questions, those without an answer counting as wrong, and over each kind', () => {
  const questions = ['a', 'b', 'c', 'd'].map((id) => question(id));
  const answers = new Map([
    ['a', '1'],
    ['b', '0.5'],
    ['d', '1'],
  ]);
  const score = meanScore('m', questions, answers, {
    of: (_, answer) => Number(answer),
    kind: ({ id }) => (id === 'd' ? undefined : id < 'c' ? 'early' : 'late'),
  });
  expect(score).toEqual({
    metric: 'm',
    value: 62.5,
    max: 100,
    details: { questions: 4, answered: 3, early: 75, late: 0 },
  });
});

it('nothing asked scores 0 and not NaN', () => {
  expect(meanScore('m', [], new Map(), { of: () => 1 }).value).toBe(0);
  for (const task of Object.values(TASKS)) expect(task.score([], new Map()).value, task.name).toBe(0);
});

it('the first questions never cut a group', () => {
  const questions = [
    question('1', 'x'),
    question('2', 'x'),
    question('3', 'y'),
    question('4', 'y'),
    question('5'),
  ];
  const ids = (count: number) => firstQuestions(questions, count).map(({ id }) => id);
  expect(ids(1)).toEqual(['1', '2']);
  expect(ids(3)).toEqual(['1', '2', '3', '4']);
  expect(ids(9)).toHaveLength(5);
});
