import { expect, it } from 'vitest';
import { layerErrors } from '../../../../src-main/luq/entropy/layer-errors.ts';

const [IQ1_M, Q4_K] = [29, 12];
const lowTypes = new Map([
  ['blk.0.attn_q.weight', IQ1_M],
  ['blk.0.attn_v.weight', Q4_K],
  ['blk.1.attn_q.weight', IQ1_M],
  ['token_embd.weight', Q4_K],
]);
const errors = new Map([
  [
    'blk.0.attn_q.weight',
    new Map([
      [IQ1_M, 0.3],
      [Q4_K, 0.01],
    ]),
  ],
  ['blk.0.attn_v.weight', new Map([[Q4_K, 0.1]])],
  ['blk.1.attn_q.weight', new Map([[IQ1_M, 0.5]])],
]);

it('a layer’s local error is the mean of its tensors’ in the types that they would have', () => {
  expect(layerErrors(2, errors, lowTypes)).toEqual([0.2, 0.5]);
});

it('is not known where a layer was not measured, and takes no error that is no number', () => {
  expect(layerErrors(3, errors, lowTypes)).toBeUndefined();
  const broken = new Map([...errors, ['blk.1.attn_q.weight', new Map([[IQ1_M, Number.NaN]])]]);
  expect(layerErrors(2, broken, lowTypes)).toBeUndefined();
});
