import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gqa } from '../../../../src-main/evaluate/tasks/gqa.ts';
import { folderOf, readingError } from './folder.ts';

const entry = (answer: string, rest: object = {}) => ({
  question: 'What is it?',
  answer,
  imageId: 'n1',
  ...rest,
});

it('GQA wants the very answer, but for case and a period at the end', () => {
  const folder = folderOf({
    'testdev.json': {
      a1: entry('left', { types: { structural: 'query' } }),
      a2: entry('yes', { types: { structural: 'verify' } }),
      a3: entry('dog', { types: { structural: 'query' } }),
      a4: entry('cat', { isBalanced: false }),
    },
    'n1.jpg': '',
  });
  const questions = gqa.read(join(folder, 'testdev.json'));
  expect(questions.map(({ id }) => id)).toEqual(['a1', 'a2', 'a3']);
  expect(questions[0]).toMatchObject({
    prompt: 'What is it?\nAnswer the question using a single word or phrase.',
    picture: join(folder, 'n1.jpg'),
  });
  const score = gqa.score(
    questions,
    new Map([
      ['a1', 'Left..'],
      ['a2', 'yes, it is'],
      ['a3', 'dog'],
    ]),
  );
  expect(score.value).toBeCloseTo(200 / 3, 10);
  expect(score.details).toEqual({ questions: 3, answered: 3, open: 100, binary: 0 });
  expect(gqa.score(questions, new Map([['a3', 'a dog']])).value).toBe(0);
});

it('broken data is refused with entry and field', () => {
  const error = (content: unknown) =>
    readingError(gqa, join(folderOf({ 'g.json': content, 'n1.jpg': '' }), 'g.json')).message;
  expect(error({ 12: entry('x'), 15: { question: 'q', imageId: 'n1' } })).toMatch(
    /g\.json, entry 15: field answer/,
  );
  expect(error({ 12: entry('x', { imageId: 'n2' }) })).toMatch(/entry 12: there is no picture .*n2\.jpg/);
  expect(error('{"12": {}')).toMatch(/line 1: this is not JSON/);
  expect(error([entry('x')])).toMatch(/g\.json: .*expected record/);
  expect(error({})).toMatch(/it holds no questions/);
});
