import { describe, expect, it } from 'vitest';
import { isBrokenAnswer } from '../../../src-main/services/fit-service.ts';

describe('an answer is broken', () => {
  it.each([
    ['empty', ''],
    ['only white space', ' \n\t '],
    ['one letter over and over', 'aaaaaaaaaaaaaaaaaaaaaaaa'],
    ['one word over and over', 'the the the the the the the the'],
    ['one phrase over and over', 'I see a cat. '.repeat(8)],
    ['one line over and over', 'and then\n'.repeat(10)],
    ['good at first and then stuck', `A red ball ${'on the table '.repeat(10)}`],
    ['exclamation marks', '!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!'],
  ])('when it is %s', (_, answer) => {
    expect(isBrokenAnswer(answer)).toBe(true);
  });
});

describe('an answer is not broken', () => {
  it.each([
    ['a sentence', 'The chart shows sales of apples, pears and plums in three years.'],
    ['one word', 'Red'],
    ['a laugh', 'Ha ha ha! That is a funny picture of a cat.'],
    ['a large number', 'The city has about 1000000 inhabitants.'],
    ['code with its indentation', 'def area(r):\n    if r > 0:\n        return 3.14 * r * r\n    return 0'],
    ['a table', '| Fruit | Kilos |\n|-------|-------|\n| Apple | 12 |\n| Pear | 7 |'],
    ['dots to a line', 'Total ........ 12.50'],
    ['a similar list', '1 apple, 2 apples, 3 apples, 4 apples, 5 apples, 6 apples, 7 apples'],
  ])('when it is %s', (_, answer) => {
    expect(isBrokenAnswer(answer)).toBe(false);
  });
});
