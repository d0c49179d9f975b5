import { join } from 'node:path';
import { expect, it } from 'vitest';
import { own } from '../../../../src-main/evaluate/tasks/own.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

const entry = { picture: 'a.png', question: 'What is it?', answer: 'A cat.', kind: 'animals' };

it('own questions are asked as they stand, and right word for word but for case and a final stop', () => {
  const folder = folderOf({
    'q.json': [entry, { ...entry, answer: 'two cats', kind: 'counts' }],
    'a.png': '',
  });
  const questions = own.read(join(folder, 'q.json'));
  expect(questions[0]).toMatchObject({ id: '0', prompt: 'What is it?', picture: join(folder, 'a.png') });
  expect(own.score(questions, answersTo(questions, ' a cat', 'Two cats.'))).toMatchObject({
    value: 100,
    details: { animals: 100, counts: 100 },
  });
  expect(own.score(questions, answersTo(questions, 'cat', 'two cats')).value).toBe(50);
  expect(own.score(questions, new Map()).value).toBe(0);
});

it('own questions may be asked without a picture', () => {
  const { picture: _, ...alone } = entry;
  const questions = own.read(join(folderOf({ 'q.json': [alone, entry], 'a.png': '' }), 'q.json'));
  expect(questions.map(({ picture }) => picture !== undefined)).toEqual([false, true]);
});

it('broken data is refused with entry and field', () => {
  const error = (content: unknown) =>
    readingError(own, join(folderOf({ 'q.json': content, 'a.png': '' }), 'q.json')).message;
  expect(error([entry, { ...entry, answer: '' }])).toMatch(/q\.json, \[1\]: field answer/);
  expect(error([{ ...entry, picture: 'b.png' }])).toMatch(/\[0\]: there is no picture .*b\.png/);
  expect(error([])).toMatch(/it holds no questions/);
});
