import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anls, docvqa } from '../../../../src-main/evaluate/tasks/docvqa.ts';
import { editDistance } from '../../../../src-main/evaluate/tasks/edit-distance.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

it('the edit distance counts what is inserted, removed and replaced', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('abc', '')).toBe(3);
  expect(editDistance('flaw', 'lawn')).toBe(2);
  expect(editDistance('same', 'same')).toBe(0);
  // one character each, though two UTF-16 units
  expect(editDistance('😀', '😁')).toBe(1);
  expect(editDistance('𠮷野家', '吉野家')).toBe(1);
  expect(editDistance('ab', 'a😀b')).toBe(1);
  expect(editDistance('\ud83d', '\ude00')).toBe(1);
  // more than the 32 characters that are compared at once
  const long = '長い答え𝒶'.repeat(20);
  expect(editDistance(long, `x${long.replace('𝒶', '')}`)).toBe(2);
  expect(editDistance(long, '')).toBe(100);
});

describe('the similarity of an answer', () => {
  it('counts at the threshold and above, and not below', () => {
    expect(anls('abcx', ['abcd'])).toBe(0.75);
    expect(anls('abxx', ['abcd'])).toBe(0.5);
    expect(anls('axxx', ['abcd'])).toBe(0);
    expect(anls('abcdxxxxx', ['abcd'])).toBe(0);
    expect(anls('abcdxxxx', ['abcd'])).toBe(0.5);
  });

  it('is that to the nearest of several gold answers', () => {
    expect(anls('abcx', ['wholly else', 'abcd', 'abxx'])).toBe(0.75);
  });

  it('is blind to case and white space, but for the length it is divided by', () => {
    expect(anls('  New   YORK ', ['new york'])).toBe(1);
    // 1 of 10 characters as they were written, not of the 8 that are compared
    expect(anls('new   yorx', ['new york'])).toBeCloseTo(0.9, 10);
  });

  it('of nothing is none', () => {
    expect(anls('', ['abcd'])).toBe(0);
    expect(anls('', [''])).toBe(1);
  });
});

const entry = { questionId: 1, question: 'Which city?', image: 'documents/a.png', answers: ['Rome', 'Roma'] };

it('DocVQA is read and scored', () => {
  const folder = folderOf({
    'val.json': { data: [entry, { ...entry, questionId: 2 }] },
    'documents/a.png': '',
  });
  const questions = docvqa.read(join(folder, 'val.json'));
  expect(questions[0]).toMatchObject({
    id: '1',
    prompt: 'Which city?\nAnswer the question using a single word or phrase.',
    picture: join(folder, 'documents', 'a.png'),
  });
  expect(docvqa.score(questions, answersTo(questions, 'roma', 'home')).value).toBe(87.5);
  expect(docvqa.score(questions, answersTo(questions, 'Rome')).details).toEqual({
    questions: 2,
    answered: 1,
  });
});

it('broken data is refused with entry and field', () => {
  const error = (content: unknown) =>
    readingError(docvqa, join(folderOf({ 'v.json': content, 'documents/a.png': '' }), 'v.json'));
  // as the test split has it
  const { answers: _, ...withoutAnswers } = entry;
  expect(error({ data: [withoutAnswers] })).toMatchObject({
    message: expect.stringMatching(/data\[0\]: field answers/) as string,
    advice: expect.stringContaining('val split') as string,
  });
  expect(error({ data: [entry, { ...entry, questionId: 2, answers: [] }] }).message).toMatch(
    /data\[1\]: field answers/,
  );
  expect(error({ data: [{ ...entry, image: 'b.png' }] }).message).toMatch(/data\[0\]: there is no picture/);
});
