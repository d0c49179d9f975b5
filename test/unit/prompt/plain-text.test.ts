import { expect, it } from 'vitest';
import { PlainText } from '../../../src-main/prompt/plain-text.ts';
import { PLAIN_MARK } from '../../../src-main/engine/plain-mark.ts';

const marked = (spellings: readonly string[], text: string) =>
  new PlainText(spellings).mark(text).replaceAll(PLAIN_MARK, '·');

it.each(['<|im_end|>', '[INST]', '[e~[', '[PAD-1]', '<|(|>', '{{', '<.*>', '<a/>', '^$', '\\', '<|終|>'])(
  'the control token %s is marked where it is spelled, and nothing else is',
  (spelling) => {
    const [first = '', ...rest] = spelling;
    const words = 'INST 1 < 2, im_end P-1 a > b';
    expect(marked([spelling, '</s>'], `${words}${spelling} ${words}`)).toBe(
      `${words}${first}·${rest.join('')} ${words}`,
    );
  },
);

it('spellings that overlap are marked each', () => {
  expect(marked(['<|a', '|a|>'], '<|a|>')).toBe('<·|·a|>');
});
