import { expect, it } from 'vitest';
import { remedyWords, wayOn } from '../../../../src-main/doors/terminal/remedy-words.ts';

it('what only the window has is not said in a terminal', () => {
  expect(remedyWords({ kind: 'choose-models-folder' })).toBeUndefined();
});

it('the way on from an error is its advice, and then what to type', () => {
  const remedies = [{ kind: 'choose-models-folder' }, { kind: 'set-context', tokens: 2048 }] as const;
  expect(wayOn({ advice: 'Close other programs.', remedies })).toEqual([
    'Close other programs.',
    '  --context 2048',
  ]);
  expect(wayOn({})).toEqual([]);
  expect(remedyWords({ kind: 'set-kernels', kernels: 'auto' })).toBe('--kernels auto');
});
