import { expect, it } from 'vitest';
import { remedyWords } from '../../../../src-main/doors/terminal/remedy-words.ts';

it('what only the window has is not said in a terminal', () => {
  expect(remedyWords({ kind: 'choose-models-folder' })).toBeUndefined();
});
