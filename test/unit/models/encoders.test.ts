import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkEncoderLayout } from '../../../src-main/models/encoder-layout.ts';
import { readVisionModel } from '../../../src-main/models/model-file.ts';
import { GEMMA_VISION, gemma3VisionEntries, gemma3VisionTensors } from '../../fixtures/families/gemma3.ts';
import {
  QWEN3_VISION,
  qwen3VlVisionEntries,
  qwen3VlVisionTensors,
} from '../../fixtures/families/qwen3-vl.ts';
import { whole, writeHollowFile, type Entry, type TensorPlan } from '../../fixtures/gguf-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// Encoders with one thing wrong, for which llama.cpp would end the process as it builds their graph.

const WIDTH = 256;

interface Encoder {
  readonly entries: readonly Entry[];
  readonly tensors: readonly TensorPlan[];
}

const qwen3: Encoder = {
  entries: qwen3VlVisionEntries(QWEN3_VISION, WIDTH),
  tensors: qwen3VlVisionTensors(QWEN3_VISION, WIDTH),
};
const gemma: Encoder = {
  entries: gemma3VisionEntries(GEMMA_VISION, WIDTH),
  tensors: gemma3VisionTensors(GEMMA_VISION, WIDTH),
};

function check({ entries, tensors }: Encoder): void {
  const path = join(temporaryFolder(), 'mmproj.gguf');
  writeHollowFile(path, entries, tensors);
  checkEncoderLayout(readVisionModel(path));
}

type Change = (encoder: Encoder) => Encoder;

const without =
  (name: string): Change =>
  ({ entries, tensors }) => ({ entries, tensors: tensors.filter((tensor) => tensor.name !== name) });
const as =
  (name: string, changed: Partial<TensorPlan>): Change =>
  ({ entries, tensors }) => ({
    entries,
    tensors: tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...changed } : tensor)),
  });
const saying =
  (key: string, value: number): Change =>
  ({ entries, tensors }) => ({
    entries: [...entries.filter((entry) => entry.key !== key), whole(key, value)],
    tensors,
  });
const withPart =
  (name: string, shape: readonly number[]): Change =>
  ({ entries, tensors }) => ({
    entries,
    tensors: [...tensors, { name, shape, type: 'F32', fill: 'ones', scale: 1 }],
  });

describe('Qwen3-VL’s encoder', () => {
  it('is taken', () => {
    expect(() => check(qwen3)).not.toThrow();
  });

  it.each<[string, Change]>([
    ['it has no v.patch_embd.bias', without('v.patch_embd.bias')],
    ['it has no v.position_embd.weight', without('v.position_embd.weight')],
    ['its 140 positions are no square', as('v.position_embd.weight', { shape: [128, 140] })],
    ['v.position_embd.weight is stored as F16', as('v.position_embd.weight', { type: 'F16' })],
    ['it has no v.blk.1.attn_qkv.weight', without('v.blk.1.attn_qkv.weight')],
    ['it has no v.blk.1.attn_qkv.bias', without('v.blk.1.attn_qkv.bias')],
    ['v.blk.2.attn_qkv.weight has the shape', as('v.blk.2.attn_qkv.weight', { shape: [128, 256] })],
    ['v.blk.0.ffn_up.weight has the shape', as('v.blk.0.ffn_up.weight', { shape: [256, 128] })],
    ['v.deepstack.1.fc1.weight has the shape', as('v.deepstack.1.fc1.weight', { shape: [128, 512] })],
    ['it has no v.deepstack.2.fc2.weight', without('v.deepstack.2.fc2.weight')],
    ['v.deepstack.0.norm.weight has the shape', as('v.deepstack.0.norm.weight', { shape: [128] })],
    ['an encoder of this kind has no v.class_embd', withPart('v.class_embd', [128])],
    ['merges 2 × 2 patches', saying('clip.vision.spatial_merge_size', 4)],
    ['do not fit its width of 128', saying('clip.vision.attention.head_count', 64)],
  ])('is refused: %s', (reason, change) => {
    const error = thrown(() => check(change(qwen3)));
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.message).toContain(reason);
  });

  it('is refused where it gives a layer of the text model something of another width than its first', () => {
    const narrow = as('v.deepstack.1.fc2.bias', { shape: [64] })(
      as('v.deepstack.1.fc2.weight', { shape: [512, 64] })(qwen3),
    );
    expect(thrown(() => check(narrow)).message).toContain(
      'v.deepstack.1 produces 64 values a token, and mm.2 256',
    );
  });
});

describe('Gemma 3’s encoder', () => {
  it('is taken', () => {
    expect(() => check(gemma)).not.toThrow();
  });

  it.each<[string, Change]>([
    ['it has no mm.soft_emb_norm.weight', without('mm.soft_emb_norm.weight')],
    ['it has no mm.input_projection.weight', without('mm.input_projection.weight')],
    ['mm.input_projection.weight has the shape', as('mm.input_projection.weight', { shape: [256, 64] })],
    ['v.position_embd.weight has the shape', as('v.position_embd.weight', { shape: [128, 257] })],
    ['16 columns of patches cannot be pooled by 3', saying('clip.vision.projector.scale_factor', 3)],
    ['it has no v.blk.1.attn_v.weight', without('v.blk.1.attn_v.weight')],
    ['v.blk.0.ln2.bias has the shape', as('v.blk.0.ln2.bias', { shape: [1] })],
    ['v.patch_embd.weight has the shape', as('v.patch_embd.weight', { shape: [16, 16, 3, 128] })],
  ])('is refused: %s', (reason, change) => {
    const error = thrown(() => check(change(gemma)));
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.message).toContain(reason);
  });
});
