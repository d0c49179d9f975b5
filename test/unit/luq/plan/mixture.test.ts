import { expect, it } from 'vitest';
import type { Addon, NativeModel } from '../../../../src-main/engine/native-types.ts';
import { bytesAs, fallbacksIn, inLlamaOrder, mixtureOf } from '../../../../src-main/luq/plan/mixture.ts';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { ggufTensor } from '../../../helpers/small-models.ts';
import { thrown } from '../../../helpers/thrown.ts';

const named = (...names: string[]) => names.map((name) => ggufTensor({ name, shape: [32, 2] }));

it('tensors go by layer number, then by name, those of no layer first', () => {
  const tensors = named(
    'blk.10.attn_q.weight',
    'blk.2.ffn_up.weight',
    'token_embd.weight',
    'blk.2.attn_q.weight',
    'output.weight',
    'blk.0.ffn_down.weight',
  );
  const before = tensors.map(({ name }) => name);
  expect(inLlamaOrder(tensors).map(({ name }) => name)).toEqual([
    'output.weight',
    'token_embd.weight',
    'blk.0.ffn_down.weight',
    'blk.2.attn_q.weight',
    'blk.2.ffn_up.weight',
    'blk.10.attn_q.weight',
  ]);
  expect(tensors.map(({ name }) => name)).toEqual(before);
});

it('each tensor gets the type that llama.cpp names at its place', () => {
  const tensors = named('blk.1.attn_q.weight', 'blk.0.attn_q.weight', 'token_embd.weight');
  const asked: unknown[] = [];
  const addon = {
    mixtureTypes: (_: NativeModel, fileType: number, ordered: { name: string }[]) => {
      asked.push(
        fileType,
        ordered.map(({ name }) => name),
      );
      return [14, 12, 13];
    },
  } as unknown as Addon;
  const mixture = mixtureOf(addon, {} as NativeModel, tensors, 'Q4_K_M');
  expect(asked).toEqual([15, ['token_embd.weight', 'blk.0.attn_q.weight', 'blk.1.attn_q.weight']]);
  expect(Object.fromEntries(mixture)).toEqual({
    'token_embd.weight': 14,
    'blk.0.attn_q.weight': 12,
    'blk.1.attn_q.weight': 13,
  });
});

it('a tensor whose rows no K-quant can hold is told, one that is merely kept is not', () => {
  const odd = ggufTensor({ name: 'blk.0.ffn_down.weight', shape: [96, 4] });
  const even = ggufTensor({ name: 'blk.0.ffn_up.weight', shape: [256, 4] });
  const norm = ggufTensor({ name: 'blk.0.attn_norm.weight', shape: [96], type: 'F32' });
  const Q5_0 = tensorTypeId('Q5_0');
  const mixture = new Map([
    [odd.name, Q5_0],
    [even.name, tensorTypeId('Q8_0')],
    [norm.name, norm.type],
  ]);
  expect(fallbacksIn([odd, even, norm], mixture)).toEqual([{ tensor: odd.name, columns: 96, type: Q5_0 }]);
});

it('a matrix whose rows no block can hold stays what it is, and is told', () => {
  const kept = ggufTensor({ name: 'blk.0.ffn_down.weight', shape: [200, 4] });
  const bias = ggufTensor({ name: 'blk.0.attn_q.bias', shape: [200], type: 'F32' });
  const mixture = new Map([kept, bias].map(({ name, type }) => [name, type]));
  expect(fallbacksIn([kept, bias], mixture)).toEqual([{ tensor: kept.name, columns: 200, type: kept.type }]);
});

it('bytes in another type are counted by its blocks', () => {
  const tensor = ggufTensor({ name: 'blk.0.ffn_up.weight', shape: [256, 10] });
  expect(bytesAs(tensor, tensorTypeId('Q4_K'))).toBe(1440);
  expect(bytesAs(tensor, tensor.type)).toBe(tensor.bytes);
  const odd = ggufTensor({ name: 'blk.0.ffn_up.weight', shape: [100, 10] });
  expect(thrown(() => bytesAs(odd, tensorTypeId('Q4_K'))).code).toBe('BUG');
});
