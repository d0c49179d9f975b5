import { expect, it } from 'vitest';
import { visionTypes } from '../../../../src-main/luq/plan/vision-types.ts';
import { tensorTypeName } from '../../../../src-main/gguf/tensor-types.ts';
import { ggufTensor } from '../../../helpers/small-models.ts';

it('an encoder in 8 bits keeps everything but its matrices', () => {
  const tensors = [
    ggufTensor({ name: 'v.blk.0.attn_q.weight', shape: [64, 64] }),
    ggufTensor({ name: 'v.blk.0.ffn_up.weight', shape: [64, 128] }),
    ggufTensor({ name: 'mm.0.weight', shape: [128, 64] }),
    ggufTensor({ name: 'v.blk.0.attn_q.bias', shape: [64], type: 'F32' }),
    ggufTensor({ name: 'v.blk.0.ln1.weight', shape: [64], type: 'F32' }),
    ggufTensor({ name: 'v.post_ln.weight', shape: [64], type: 'F32' }),
    ggufTensor({ name: 'v.patch_embd.weight', shape: [14, 14, 3, 64] }),
    ggufTensor({ name: 'v.patch_embd.weight.1', shape: [14, 14, 3, 64] }),
    ggufTensor({ name: 'v.position_embd.weight', shape: [64, 577], type: 'F32' }),
    ggufTensor({ name: 'mm.input_projection.weight', shape: [64, 64] }),
    ggufTensor({ name: 'v.class_embd', shape: [64], type: 'F32' }),
    ggufTensor({ name: 'v.blk.0.odd.weight', shape: [50, 64] }),
  ];
  const types = Object.fromEntries(
    [...visionTypes(tensors, 'Q8_0')].map(([name, type]) => [name, tensorTypeName(type)]),
  );
  expect(types).toEqual({
    'v.blk.0.attn_q.weight': 'Q8_0',
    'v.blk.0.ffn_up.weight': 'Q8_0',
    'mm.0.weight': 'Q8_0',
    'v.blk.0.attn_q.bias': 'F32',
    'v.blk.0.ln1.weight': 'F32',
    'v.post_ln.weight': 'F32',
    'v.patch_embd.weight': 'F16',
    'v.patch_embd.weight.1': 'F16',
    'v.position_embd.weight': 'F32',
    'mm.input_projection.weight': 'F16',
    'v.class_embd': 'F32',
    'v.blk.0.odd.weight': 'F16',
  });
});
