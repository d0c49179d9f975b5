import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mme, yesOrNo } from '../../../../src-main/evaluate/tasks/mme.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

const pair = 'Is there a dog? Please answer yes or no.\tYes\nIs there a cat? Please answer yes or no.\tNo\n';

describe('an answer to MME', () => {
  it.each([
    ['Yes', 'yes'],
    ['Yes, it is', 'yes'],
    ['No.', 'no'],
    ['Nope', 'no'],
    ['not', 'no'],
    ['I know', 'other'],
    // the official rule looks for the letters anywhere in the first four characters
    ['Know', 'no'],
    ['a yes', 'other'],
    ['The answer is yes', 'other'],
    ['', 'other'],
  ])('%j is %s', (answer, label) => {
    expect(yesOrNo(answer)).toBe(label);
  });
});

it('a subtask scores accuracy over questions and accuracy+ over pictures', () => {
  const folder = folderOf({
    'existence/1.txt': pair,
    'existence/1.jpg': '',
    'existence/2.txt': pair,
    'existence/2.jpg': '',
    'code_reasoning/1.txt': pair,
    'code_reasoning/1.png': '',
  });
  const questions = mme.read(folder);
  expect(questions.map(({ id }) => id)).toEqual([
    'existence/1#1',
    'existence/1#2',
    'existence/2#1',
    'existence/2#2',
    'code_reasoning/1#1',
    'code_reasoning/1#2',
  ]);
  expect(questions[0]).toMatchObject({
    prompt: 'Is there a dog? Please answer yes or no.\nAnswer the question using a single word or phrase.',
    picture: join(folder, 'existence', '1.jpg'),
    gold: 'yes',
  });
  // both of the first picture, one of the second; the last picture's second question has no answer
  const score = mme.score(questions, answersTo(questions, 'Yes', 'No', 'Yes', 'Yes', 'yes'));
  expect(score.details).toEqual({
    questions: 6,
    answered: 5,
    'existence accuracy': 75,
    'existence accuracy+': 50,
    'code_reasoning accuracy': 50,
    'code_reasoning accuracy+': 0,
    perception: 125,
    cognition: 50,
  });
  expect(score).toMatchObject({ value: 175, max: 2800 });
});

it('all right is 200 a subtask, and an answer that is neither yes nor no is wrong', () => {
  const folder = folderOf({ 'OCR/1.txt': pair, 'OCR/1.jpg': '' });
  const questions = mme.read(folder);
  expect(mme.score(questions, answersTo(questions, 'Yes', 'No')).value).toBe(200);
  expect(mme.score(questions, answersTo(questions, 'Yes', 'maybe')).value).toBe(50);
});

it('subtasks with a folder for pictures and one for texts are read, and folders of other names passed by', () => {
  const folder = folderOf({
    'scene/questions_answers_YN/a.txt': pair,
    'scene/images/a.jpg': '',
    'eval_tool/a.txt': 'no data',
  });
  expect(mme.read(folder)).toMatchObject([
    { id: 'scene/a#1', picture: join(folder, 'scene', 'images', 'a.jpg') },
    { id: 'scene/a#2' },
  ]);
});

it('pictures may lie in a folder of their own', () => {
  const folder = folderOf({ 'data/count/1.txt': pair, 'pictures/count/1.jpg': '' });
  const [first] = mme.read(join(folder, 'data'), join(folder, 'pictures'));
  expect(first?.picture).toBe(join(folder, 'pictures', 'count', '1.jpg'));
});

it('broken data is refused with file, line and field', () => {
  const error = (text: string) =>
    readingError(mme, folderOf({ 'color/7.txt': text, 'color/7.jpg': '' })).message;
  expect(error('Is it red?\tYes\n')).toMatch(/7\.txt: two lines are expected, there are 1$/);
  expect(error('Is it red?\tYes\nIs it blue? No\n')).toMatch(/7\.txt, line 2: field question/);
  expect(error('Is it red?\tPerhaps\nIs it blue?\tNo\n')).toMatch(/7\.txt, line 1: field answer.*Perhaps/);
  expect(readingError(mme, folderOf({ 'color/7.txt': pair })).message).toMatch(
    /there is no picture .*7\.jpg/,
  );
  expect(readingError(mme, folderOf({ 'a.txt': pair })).message).toMatch(/it holds no questions/);
  expect(readingError(mme, '/no/such/folder')).toMatchObject({ code: 'BAD_ARGUMENT' });
});
