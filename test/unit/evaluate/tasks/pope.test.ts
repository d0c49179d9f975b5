import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pope, popeAnswer } from '../../../../src-main/evaluate/tasks/pope.ts';
import { answersTo, folderOf, jsonLines, readingError } from './folder.ts';

describe('an answer to POPE', () => {
  it.each([
    ['Yes', 'yes'],
    ['No, there is none', 'no'],
    ['There is not a dog', 'no'],
    ['There is no dog', 'no'],
    // only the first sentence counts
    ['I see it. There is no cat', 'yes'],
    // and only whole words, in the official case
    ['Nope', 'yes'],
    ['NO', 'yes'],
    ['maybe', 'yes'],
  ])('%j is %s', (answer, label) => {
    expect(popeAnswer(answer)).toBe(label);
  });
});

const line = (id: number, label: string, category?: string) => ({
  ...{ question_id: id, image: 'p.jpg', text: 'Is there a dog?', label },
  ...(category === undefined ? {} : { category }),
});
const read = (text: string) => pope.read(join(folderOf({ 'pope.jsonl': text, 'p.jpg': '' }), 'pope.jsonl'));

it('the rates are those of the confusion matrix, with yes as the positive', () => {
  const labels = ['yes', 'yes', 'yes', 'yes', 'no', 'no', 'no', 'no', 'no', 'no'];
  const questions = read(jsonLines(...labels.map((label, i) => line(i, label))));
  // 3 true and 2 false positives, 1 false and 4 true negatives
  const score = pope.score(
    questions,
    answersTo(questions, 'yes', 'yes', 'yes', 'no', 'yes', 'yes', 'no', 'no', 'no', 'no'),
  );
  expect(score.metric).toBe('F1');
  expect(score.value).toBeCloseTo(200 / 3, 10);
  expect(score.details).toEqual({
    questions: 10,
    answered: 10,
    accuracy: 70,
    precision: 60,
    recall: 75,
    F1: expect.closeTo(200 / 3, 10) as number,
    'yes ratio': 50,
  });
});

it('a question without an answer is wrong whichever its label', () => {
  const questions = read(jsonLines(line(1, 'yes'), line(2, 'no')));
  expect(pope.score(questions, new Map()).details).toEqual({
    questions: 2,
    answered: 0,
    accuracy: 0,
    precision: 0,
    recall: 0,
    F1: 0,
    'yes ratio': 50,
  });
});

it('categories are told apart and their F1 averaged', () => {
  const questions = read(
    jsonLines(line(1, 'yes', 'random'), line(2, 'yes', 'popular'), line(3, 'no', 'popular')),
  );
  // random: all right; popular: precision 1/2, recall 1
  const score = pope.score(questions, answersTo(questions, 'yes', 'yes', 'yes'));
  expect(score.value).toBeCloseTo((100 + 200 / 3) / 2, 10);
  expect(score.details).toMatchObject({
    'random accuracy': 100,
    'popular accuracy': 50,
    'popular yes ratio': 100,
  });
});

it('the three files of a folder are read together, each a category', () => {
  const folder = folderOf({
    'coco_pope_random.json': jsonLines(line(1, 'yes')),
    'coco_pope_adversarial.json': jsonLines(line(1, 'no')),
    'p.jpg': '',
  });
  expect(pope.read(folder)).toMatchObject([
    { id: 'adversarial/1', gold: 'no', category: 'adversarial', picture: join(folder, 'p.jpg') },
    { id: 'random/1', gold: 'yes', category: 'random' },
  ]);
});

it('broken data is refused with line and field', () => {
  const error = (text: string) =>
    readingError(pope, join(folderOf({ 'pope.jsonl': text, 'p.jpg': '' }), 'pope.jsonl')).message;
  expect(error(`${jsonLines(line(1, 'yes'))}\n{"question_id": 2,\n`)).toMatch(/line 3: this is not JSON/);
  expect(error(jsonLines(line(1, 'yes'), line(2, 'maybe')))).toMatch(/line 2: field label/);
  expect(error(jsonLines({ ...line(1, 'yes'), image: 'q.jpg' }))).toMatch(
    /line 1: there is no picture .*q\.jpg/,
  );
  expect(error(jsonLines(line(1, 'yes'), line(1, 'no')))).toMatch(/question 1 is there twice/);
  expect(readingError(pope, '/no/such.jsonl').message).toMatch(/there is no such file/);
});
