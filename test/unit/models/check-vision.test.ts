import { describe, expect, it } from 'vitest';
import { ggufEntry, type TensorToWrite } from '../../../src-main/gguf/writer.ts';
import { GgufType, type GgufScalar, type GgufTypeId } from '../../../src-main/gguf/gguf.ts';
import { readVisionModel } from '../../../src-main/models/model-file.ts';
import { tensorBytes, tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { changedMmproj, type Changes } from '../../helpers/changed-demo.ts';
import { number, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const read = (changes: Changes) => readVisionModel(changedMmproj(temporaryFolder(), changes));
const { uint32, uint64, int32, float32, string, bool } = GgufType;

const says = (key: string, type: GgufTypeId, value: GgufScalar): Changes => ({
  entries: [ggufEntry(`clip.vision.${key}`, type, value)],
});

/** A tensor of another shape or type, with room for it. */
const tensorAs = (name: string, shape: readonly number[], type = 'F32'): Changes => ({
  tensor: (tensor: TensorToWrite) => {
    if (tensor.name !== name) return {};
    const elements = shape.reduce((product, length) => product * length, 1);
    const id = tensorTypeId(type);
    return { shape, type: id, bytes: tensorBytes(id, shape[0] ?? 0, elements) ?? 0 };
  },
});

it('the encoder of the demo model as it is is taken', () => {
  expect(read({}).projectionLength).toBe(256);
});

describe('an encoder is refused, with what is wrong, when', () => {
  it.each<[string, Changes]>([
    // 12.7 GB at the first picture
    ['patch_size', says('patch_size', uint32, 255)],
    ['patch_size', says('patch_size', uint32, 0)],
    ['image_size', says('image_size', uint32, 2 ** 31)],
    ['image_size', says('image_size', uint32, 0)],
    ['spatial_merge_size', says('spatial_merge_size', uint32, 0)],
    ['merges 2 × 2 patches', says('spatial_merge_size', uint32, 3)],
    ['n_wa_pattern', says('n_wa_pattern', uint32, 2 ** 31)],
    // llama.cpp ends its process at the first picture
    ['every layer looks beyond them', says('n_wa_pattern', uint32, 1)],
    ['window_size', says('window_size', uint32, 14)],
    ['block_count', says('block_count', uint32, 2 ** 32 - 1)],
    ['embedding_length', says('embedding_length', uint32, 0)],
    ['feed_forward_length', says('feed_forward_length', uint32, 2 ** 31)],
    ['attention.head_count', says('attention.head_count', uint32, 0)],
    ['no multiple of its 3 heads', says('attention.head_count', uint32, 3)],
    ['projection_dim', says('projection_dim', uint32, 2 ** 31)],
    ['layer_norm_epsilon', says('attention.layer_norm_epsilon', float32, -1)],
    ['image_max_pixels', says('image_max_pixels', uint32, 2 ** 31)],
    // llama.cpp ends its process for another type
    ['minicpmv_version is not stored as int32', { entries: [number('clip.minicpmv_version', 3)] }],
    ['patch_size is not stored as uint32', says('patch_size', uint64, 14n)],
    ['patch_size is not stored as uint32', says('patch_size', int32, 14)],
    ['layer_norm_epsilon is not stored as float32', says('attention.layer_norm_epsilon', uint32, 1)],
    ['use_silu is not stored as bool', { entries: [ggufEntry('clip.use_silu', uint32, 1)] }],
    ['has_vision_encoder is not', { entries: [ggufEntry('clip.has_vision_encoder', string, 'yes')] }],
    ['general.name is not stored as string', { entries: [ggufEntry('general.name', bool, true)] }],
    ['v.blk.0.ln2.weight is stored as F16', tensorAs('v.blk.0.ln2.weight', [128], 'F16')],
    ['v.blk.0.attn_k.weight is stored as I8', tensorAs('v.blk.0.attn_k.weight', [128, 128], 'I8')],
  ])('%s', (reason, changes) => {
    const error = thrown(() => read(changes));
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.message).toContain(reason);
    expect(error.advice).toContain('published');
  });

  it('it has a layer of a number that no model has', () => {
    const tensors = [{ name: 'blk.4294967290.weight', shape: [8, 8] }];
    const path = writeVisionModel(temporaryFolder(), { tensors });
    expect(thrown(() => readVisionModel(path)).message).toContain('blk.4294967290.weight');
  });

  it('Qwen2-VL: it has windows', () => {
    const windows = (pattern: number) =>
      writeVisionModel(temporaryFolder(), {
        projector: 'qwen2vl_merger',
        entries: [number('clip.vision.n_wa_pattern', pattern)],
      });
    expect(readVisionModel(windows(0)).projector).toBe('qwen2vl_merger');
    expect(thrown(() => readVisionModel(windows(8))).message).toContain('has no windows');
  });

  it('LLaVA: its pictures have more patches than any', () => {
    const llava = (image: number) =>
      writeVisionModel(temporaryFolder(), {
        projector: 'mlp',
        entries: [number('clip.vision.image_size', image), number('clip.vision.patch_size', 14)],
      });
    expect(readVisionModel(llava(336)).projector).toBe('mlp');
    expect(thrown(() => readVisionModel(llava(2048))).message).toContain('21316 patches');
  });
});
