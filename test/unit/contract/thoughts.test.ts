import { expect, it } from 'vitest';
import { openedThoughts, splitThoughts } from '../../../src-main/contract/thoughts.ts';

it.each([
  ['Hello', '', 'Hello', false],
  ['<think>\nhm\n</think>\n\nYes.', 'hm', 'Yes.', false],
  ['\n<thinking>hm</thinking>Yes', 'hm', 'Yes', false],
  ['[THINK]hm[/THINK]Yes', 'hm', 'Yes', false],
  ['◁think▷hm◁/think▷Yes', 'hm', 'Yes', false],
  ['<think>\n\n</think>\n\nYes.', '', 'Yes.', false],
  ['<think>', '', '', true],
  ['<think>so far', 'so far', '', true],
  ['<think>a</think>b</think>c', 'a', 'b</think>c', false],
  ['The tag is <think>, ended by </think>.', '', 'The tag is <think>, ended by </think>.', false],
  ['', '', '', false],
])('of %j thoughts are %j and the answer is %j', (text, thoughts, answer, thinking) => {
  expect(splitThoughts(text)).toEqual({ thoughts, answer, thinking });
});

it.each([
  ['<|im_start|>assistant\n<think>\n', '<think>\n'],
  ['<|im_start|>assistant\n<think>\n\n</think>\n\n', ''],
  ['<|im_start|>assistant\n', ''],
])('a prompt that ends in %j opens them with %j', (prompt, opened) => {
  expect(openedThoughts(prompt)).toBe(opened);
});
