import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chartqa, relaxedCorrectness } from '../../../../src-main/evaluate/tasks/chartqa.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

describe('relaxed correctness', () => {
  it.each([
    ['100', '100', true],
    ['105', '100', true],
    ['105.1', '100', false],
    ['95', '100', true],
    ['94.9', '100', false],
    ['-95', '-100', true],
    ['95', '-100', false],
    // the examples of pix2struct's metrics_test.py
    ['100%', '96%', true],
    ['100%', '94%', false],
    ['100%', '0.96', true],
    ['100%', '0.94', false],
    ["Don't", "Won't", false],
    ['Abc', 'abc', true],
    ['45%', '0.45', true],
    ['45%', '45', false],
    ['45', '45%', false],
    // of 0 there is no 5 %
    ['0', '0', true],
    ['0.0', '0', false],
    ['0.01', '0', false],
    ['0%', '0', false],
    ['1,000', '1000', false],
    ['1e3', '1000', true],
    ['46.', '46', true],
    ['0x2E', '46', false],
    ['', '46', false],
  ])('of %j where %j is right: %s', (answer, gold, right) => {
    expect(relaxedCorrectness(answer, gold)).toBe(right);
  });
});

const entry = { imgname: '1.png', query: 'How many?', label: '40' };

it('ChartQA is read and scored', () => {
  const folder = folderOf({ 'test_human.json': [entry, { ...entry, label: 'Yes' }], 'png/1.png': '' });
  const questions = chartqa.read(join(folder, 'test_human.json'), join(folder, 'png'));
  expect(questions[1]).toMatchObject({
    id: '1',
    prompt: 'How many?\nAnswer the question using a single word or phrase.',
    picture: join(folder, 'png', '1.png'),
  });
  expect(chartqa.score(questions, answersTo(questions, '42', 'yes')).value).toBe(100);
  expect(chartqa.score(questions, answersTo(questions, '43', 'Yes')).value).toBe(50);
});

it('broken data is refused with entry and field', () => {
  const error = (content: unknown) =>
    readingError(chartqa, join(folderOf({ 'c.json': content, '1.png': '' }), 'c.json')).message;
  expect(error([entry, { ...entry, label: 40 }])).toMatch(/c\.json, \[1\]: field label/);
  expect(error([{ ...entry, imgname: '2.png' }])).toMatch(/\[0\]: there is no picture .*2\.png/);
  expect(error({ data: [] })).toMatch(/c\.json: .*expected array/);
});
