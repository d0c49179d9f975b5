import { expect, it } from 'vitest';
import { fewerThreadsNote, shorterContextNote } from '../../../src-main/chat/opening-notes.ts';

it('a context beyond what a model was trained for is said, with what it gets', () => {
  expect(shorterContextNote(99_999_999, 4096)).toMatch(/4,096 tokens.*instead of 99,999,999/);
  expect(shorterContextNote(4096, 4096)).toBeUndefined();
  expect(shorterContextNote(undefined, 4096)).toBeUndefined();
});

it('more threads than run at once are said, with how many are used', () => {
  expect(fewerThreadsNote(64, 8)).toMatch(/8 threads.*instead of 64/);
  expect(fewerThreadsNote(2, 1)).toMatch(/1 thread at once, so one is used/);
  expect(fewerThreadsNote(8, 8)).toBeUndefined();
});
