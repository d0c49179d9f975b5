import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decimal, roundHalfEven } from '../../../../src-main/evaluate/tasks/decimal.ts';
import {
  type MathVistaGold,
  isMathVistaAnswer,
} from '../../../../src-main/evaluate/tasks/mathvista-answer.ts';
import { mathvista } from '../../../../src-main/evaluate/tasks/mathvista.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

it('rounding is that of Python: by the exact value, a tie to the even digit', () => {
  expect(roundHalfEven(0.25, 1)).toBe(0.2);
  expect(roundHalfEven(0.75, 1)).toBe(0.8);
  expect(roundHalfEven(-0.25, 1)).toBe(-0.2);
  expect(roundHalfEven(0.125, 2)).toBe(0.12);
  expect(roundHalfEven(0.375, 2)).toBe(0.38);
  expect(roundHalfEven(2.5, 0)).toBe(2);
  expect(roundHalfEven(3.5, 0)).toBe(4);
  // a little under a tie as doubles, though 0.615 · 100 is 61.5
  expect(roundHalfEven(0.615, 2)).toBe(0.61);
  expect(roundHalfEven(2.675, 2)).toBe(2.67);
  expect(roundHalfEven(1.005, 2)).toBe(1);
  expect(roundHalfEven(1e22, 1)).toBe(1e22);
});

it('a decimal number is only what is one as a whole', () => {
  expect(['12', ' -1.5 ', '.5', '5.', '1e-3'].map(decimal)).toEqual([12, -1.5, 0.5, 5, 0.001]);
  expect(['', '.', '1,000', '0x10', '12 apples'].map(decimal)).toEqual(Array(5).fill(undefined));
});

const gold = (answerType: MathVistaGold['answerType'], answer: string, precision = 0): MathVistaGold => ({
  ...{ answer, answerType, precision, choices: undefined },
});

describe('the answer found in a response', () => {
  it('is searched among more choices than a function takes arguments', () => {
    const choices = [...Array<string>(200_000).fill('no'), 'seven'];
    const asked: MathVistaGold = { answer: 'seven', answerType: 'text', precision: 0, choices };
    expect(isMathVistaAnswer('sevem', asked)).toBe(true);
  });

  it.each([
    ['14', '14', true],
    ['14.7', '14', true],
    ['The number missing in the sequence is 14.', '14', true],
    ['The answer is 14, since 3 + 11 make 14 and 15 is too much: 15.', '14', true],
    ['First 3, then 14', '14', true],
    ['There are 1,234 of them', '1234', true],
    ['From -3 it falls to -5', '-5', true],
    ['Figure B2 has 7 and x2', '7', true],
    ['fourteen', '14', false],
    ['15', '14', false],
  ])('an integer: %j for %s is %s', (response, answer, right) => {
    expect(isMathVistaAnswer(response, gold('integer', answer))).toBe(right);
  });

  it.each([
    ['1.25', '1.2', 1, true],
    ['1.26', '1.3', 1, true],
    ['It is about 0.6 of them', '0.6', 1, true],
    ['$1.454', '1.45', 2, true],
    ['1.456', '1.45', 2, false],
    ['3', '3.0', 1, true],
    ['.5', '0.5', 1, true],
    ['none', '0.5', 1, false],
  ])('a float: %j for %s with %i digits is %s', (response, answer, precision, right) => {
    expect(isMathVistaAnswer(response, gold('float', answer, precision))).toBe(right);
  });

  it.each([
    ['[2007, 2008]', true],
    ['Not [1, 2] but [2007,2008].', true],
    ["['2007', '2008']", true],
    ['[2008, 2007]', false],
    // the owner's LLM would make a list of it
    ['between 2007 and 2008', false],
  ])('a list: %j is %s', (response, right) => {
    expect(isMathVistaAnswer(response, gold('list', '[2007, 2008]'))).toBe(right);
  });

  it.each([
    ['8/11', true],
    ['B', true],
    ['(B)', true],
    ['The correct answer is (B) 8/11.', true],
    ['Answer: B, not A or C', true],
    ['First (A) 3/11 seems right, but counting again it has to be (B)', true],
    ['The answer is "8/11".', true],
    ['It is 8/11', true],
    // nearest of the choices, as the owner's get_most_similar
    ['8/12', true],
    ['A', false],
    ['6/11', false],
    ['The answer is C', false],
  ])('a choice: %j is %s', (response, right) => {
    const choices = ['3/11', '8/11', '6/11', '3/5'];
    expect(isMathVistaAnswer(response, { ...gold('text', '8/11'), choices })).toBe(right);
  });
});

const entry = {
  ...{ question: 'How long is it?', image: 'images/1.jpg', choices: null, unit: 'cm', precision: 1 },
  ...{ answer: '1.2', question_type: 'free_form', answer_type: 'float' },
};
const choice = {
  ...{ ...entry, unit: null, precision: null, question_type: 'multi_choice', answer_type: 'text' },
  ...{ choices: ['Yes', 'No'], answer: 'No' },
};

it('MathVista is read and scored, by type of answer too', () => {
  const folder = folderOf({
    'testmini.json': { 1: entry, 2: choice, 3: { ...entry, query: 'as given' } },
    'images/1.jpg': '',
  });
  const questions = mathvista.read(join(folder, 'testmini.json'));
  expect(questions.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(questions[0]?.picture).toBe(join(folder, 'images', '1.jpg'));
  expect(questions[0]?.prompt).toMatch(
    /^Hint: .*one decimal place.*\nQuestion: How long is it\? \(Unit: cm\)$/,
  );
  expect(questions[1]?.prompt).toMatch(
    /option letter.*\nQuestion: How long is it\?\nChoices:\n\(A\) Yes\n\(B\) No$/,
  );
  expect(questions[2]?.prompt).toBe('as given');
  const score = mathvista.score(questions, answersTo(questions, '1.24 cm', 'B'));
  expect(score.value).toBeCloseTo(200 / 3, 10);
  expect(score.details).toEqual({ questions: 3, answered: 2, float: 50, 'multiple choice': 100 });
});

it('a blank response is wrong and not the nearest choice', () => {
  const folder = folderOf({ 't.json': { 2: choice }, 'images/1.jpg': '' });
  const questions = mathvista.read(join(folder, 't.json'));
  expect(mathvista.score(questions, answersTo(questions, ' ')).value).toBe(0);
});

it('broken data is refused with entry and field', () => {
  const error = (content: object) =>
    readingError(mathvista, join(folderOf({ 't.json': { 7: content }, 'images/1.jpg': '' }), 't.json'))
      .message;
  expect(error({ ...entry, answer_type: 'number' })).toMatch(/t\.json, entry 7: field answer_type/);
  expect(error({ ...entry, precision: null })).toMatch(/entry 7: field precision/);
  expect(error({ ...choice, choices: null })).toMatch(/entry 7: field choices/);
  expect(error({ ...choice, answer: 'Maybe' })).toMatch(
    /entry 7: field answer: "Maybe" is none of the choices/,
  );
  expect(error({ ...entry, answer: '' })).toMatch(/entry 7: field answer/);
  expect(error({ ...entry, image: '2.jpg' })).toMatch(/entry 7: there is no picture/);
});
