import { describe, expect, it } from 'vitest';
import { checkEncoderLayout } from '../../../src-main/models/encoder-layout.ts';
import { ggufEntry, type TensorToWrite } from '../../../src-main/gguf/writer.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { readVisionModel } from '../../../src-main/models/model-file.ts';
import { tensorBytes, tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { writeLlava } from '../../fixtures/models.ts';
import { changedMmproj, type Changes } from '../../helpers/changed-demo.ts';
import { number, writeVisionModel, type TensorSpec } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const check = (changes: Changes) =>
  checkEncoderLayout(readVisionModel(changedMmproj(temporaryFolder(), changes)));

/** A tensor of another shape or type, with room for it. */
const tensorAs = (name: string, shape: readonly number[], type = 'F32'): Changes => ({
  tensor: (tensor: TensorToWrite) => {
    if (tensor.name !== name) return {};
    const elements = shape.reduce((product, length) => product * length, 1);
    const id = tensorTypeId(type);
    return { shape, type: id, bytes: tensorBytes(id, shape[0] ?? 0, elements) ?? 0 };
  },
});
const renamed = (from: string, to: string): Changes => ({
  tensor: ({ name }) => (name === from ? { name: to } : {}),
});

describe('the layout of an encoder', () => {
  it('of the demo model, and of LLaVA, is taken', () => {
    expect(() => check({})).not.toThrow();
    const { mmproj } = writeLlava(temporaryFolder());
    expect(() => checkEncoderLayout(readVisionModel(mmproj))).not.toThrow();
  });

  it('of a kind that Snug does not know is left to llama.cpp', () => {
    const path = writeVisionModel(temporaryFolder(), { projector: 'pixtral' });
    expect(() => checkEncoderLayout(readVisionModel(path))).not.toThrow();
  });

  it.each<[string, Changes]>([
    // ggml asserts shapes when it is too late
    ['v.patch_embd.weight has the shape', tensorAs('v.patch_embd.weight', [28, 28, 3, 128])],
    ['v.patch_embd.weight.1 has the shape', tensorAs('v.patch_embd.weight.1', [14, 14, 3, 64])],
    ['v.patch_embd.weight is stored as BF16', tensorAs('v.patch_embd.weight', [14, 14, 3, 128], 'BF16')],
    ['v.blk.0.attn_q.weight has the shape', tensorAs('v.blk.0.attn_q.weight', [64, 128])],
    ['v.blk.5.attn_out.bias has the shape', tensorAs('v.blk.5.attn_out.bias', [64])],
    ['v.blk.1.ln1.weight has the shape', tensorAs('v.blk.1.ln1.weight', [127])],
    ['v.blk.2.ffn_down.weight has the shape', tensorAs('v.blk.2.ffn_down.weight', [64, 128])],
    ['v.blk.2.ffn_up.bias has the shape', tensorAs('v.blk.2.ffn_up.bias', [1])],
    ['v.post_ln.weight has the shape', tensorAs('v.post_ln.weight', [1])],
    ['mm.0.weight has the shape', tensorAs('mm.0.weight', [128, 512])],
    ['mm.2.weight has the shape', tensorAs('mm.2.weight', [256, 256])],
    ['mm.2.bias has the shape', tensorAs('mm.2.bias', [255])],
    ['v.patch_embd.weight is stored as BF16', tensorAs('v.patch_embd.weight', [14, 14, 3, 128], 'BF16')],
    ['v.blk.0.ln1.weight is stored as F16', tensorAs('v.blk.0.ln1.weight', [128, 1], 'F16')],
    // llama.cpp takes the tensors that are there
    ['it has no v.patch_embd.weight.1', renamed('v.patch_embd.weight.1', 'v.patch_embd.weight.2')],
    ['it has no v.blk.0.attn_q.weight', renamed('v.blk.0.attn_q.weight', 'v.blk.0.attn_x.weight')],
    ['it has no v.blk.0.attn_q.bias', renamed('v.blk.0.attn_q.bias', 'v.blk.0.attn_x.bias')],
    ['it has no v.blk.5.ffn_down.weight', renamed('v.blk.5.ffn_down.weight', 'v.blk.5.ffn.weight')],
    ['it has no mm.2.bias', renamed('mm.2.bias', 'mm.3.bias')],
    ['has no v.class_embd', renamed('v.post_ln.weight', 'v.class_embd')],
    ['projection_dim is 32', { entries: [number('clip.vision.projection_dim', 32)] }],
    ['heads of 2 values', { entries: [number('clip.vision.attention.head_count', 64)] }],
    ['heads of 16 values', { entries: [number('clip.vision.attention.head_dim', 16)] }],
  ])('is refused where %s', (reason, changes) => {
    const error = thrown(() => check(changes));
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.message).toContain(reason);
  });

  const width = 32;
  const llava = (tensors: readonly TensorSpec[], entries: readonly ReturnType<typeof ggufEntry>[] = []) => {
    const path = writeVisionModel(temporaryFolder(), {
      projector: 'mlp',
      entries: [
        number('clip.vision.embedding_length', width),
        number('clip.vision.attention.head_count', 2),
        number('clip.vision.image_size', 336),
        number('clip.vision.patch_size', 14),
        ...entries,
      ],
      tensors: [
        { name: 'v.patch_embd.weight', shape: [14, 14, 3, width] },
        { name: 'v.class_embd', shape: [width], type: 'F32' },
        { name: 'v.position_embd.weight', shape: [width, 24 * 24 + 1] },
        ...['q', 'k', 'v', 'out'].map((part) => ({
          name: `v.blk.0.attn_${part}.weight`,
          shape: [width, width],
        })),
        // what goes down is called up in these files
        { name: 'v.blk.0.ffn_down.weight', shape: [width, 64] },
        { name: 'v.blk.0.ffn_up.weight', shape: [64, width] },
        { name: 'mm.0.bias', shape: [64], type: 'F32' },
        ...tensors,
      ],
    });
    return () => checkEncoderLayout(readVisionModel(path));
  };
  const second = [
    { name: 'mm.2.weight', shape: [64, 64] },
    { name: 'mm.2.bias', shape: [64], type: 'F32' },
  ];

  it('of old LLaVA files is taken, and must fit their picture size', () => {
    const first = { name: 'mm.0.weight', shape: [width, 64] };
    expect(llava([first, ...second])).not.toThrow();
    const larger = llava([first, ...second], [number('clip.vision.image_size', 350)]);
    expect(thrown(larger).message).toContain('v.position_embd.weight');
    expect(thrown(llava([first])).message).toContain('it has no mm.2.weight');
  });

  it('of LLaVA that looks at several layers has a projector for all of them', () => {
    const layers = (list: number[]) => [ggufEntry('clip.vision.feature_layer', GgufType.int32, list)];
    const twice = [{ name: 'mm.0.weight', shape: [2 * width, 64] }, ...second];
    expect(llava(twice, layers([0, 1]))).not.toThrow();
    expect(thrown(llava(twice, layers([1]))).message).toContain('mm.0.weight has the shape');
    expect(thrown(llava(twice, layers([0, 7]))).message).toContain('layer 7');
  });

  it('of Yi has norms between its matrices', () => {
    const vector = (name: string, length: number) => ({ name, shape: [length], type: 'F32' });
    const first = { name: 'mm.0.weight', shape: [width, 64] };
    const norms = ['mm.1.weight', 'mm.1.bias', 'mm.4.weight', 'mm.4.bias'].map((name) => vector(name, 64));
    const third = [{ name: 'mm.3.weight', shape: [64, 64] }, vector('mm.3.bias', 64)];
    const last = { name: 'mm.2.weight', shape: [64, 64] };
    expect(llava([first, ...third, ...norms, last])).not.toThrow();
    expect(thrown(llava([first, ...third, ...norms.slice(1), last])).message).toContain(
      'it has no mm.1.weight',
    );
  });
});
