import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GgufTensor } from '../../../src-main/gguf/gguf.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { checkEncoderLayout } from '../../../src-main/models/encoder-layout.ts';
import { readVisionModel, type VisionModel } from '../../../src-main/models/model-file.ts';
import { writeInternVl3 } from '../../fixtures/families/internvl3.ts';
import { writeMiniCpmV4 } from '../../fixtures/families/minicpm-v4.ts';
import { writeSmolVlm2 } from '../../fixtures/families/smolvlm2.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// llama.cpp takes the tensors that it finds, and its graphs end the process for those that are missing or of another shape.

const folder = sharedFolder();

function encoder(name: string, write: (folder: string) => { mmproj: string }): VisionModel {
  const where = join(folder, name);
  mkdirSync(where);
  return readVisionModel(write(where).mmproj);
}

const smol = encoder('smol', writeSmolVlm2);
const old = encoder('old', (where) => writeSmolVlm2(where, { old: true }));
const intern = encoder('intern', writeInternVl3);
const minicpm = encoder('minicpm', writeMiniCpmV4);

function withTensors(
  vision: VisionModel,
  change: (tensor: GgufTensor) => GgufTensor | undefined,
): VisionModel {
  const tensors = vision.gguf.tensors.flatMap((tensor) => change(tensor) ?? []);
  return { ...vision, gguf: { ...vision.gguf, tensors } };
}

const without = (vision: VisionModel, name: string) =>
  withTensors(vision, (tensor) => (tensor.name === name ? undefined : tensor));

const stored = (vision: VisionModel, name: string, type: string) =>
  withTensors(vision, (tensor) => (tensor.name === name ? { ...tensor, type: tensorTypeId(type) } : tensor));

const shaped = (vision: VisionModel, name: string, shape: readonly number[]) =>
  withTensors(vision, (tensor) => (tensor.name === name ? { ...tensor, shape } : tensor));

function saying(vision: VisionModel, name: string, value: number): VisionModel {
  const key = `clip.vision.${name}`;
  const entry = { ...ggufEntry(key, GgufType.uint32, value), type: GgufType.uint32, value };
  const metadata = new Map([...vision.gguf.metadata, [key, entry] as const]);
  return { ...vision, gguf: { ...vision.gguf, metadata } };
}

const refusal = (vision: VisionModel) => thrown(() => checkEncoderLayout(vision));

/** Norms, biases and scales that a graph leaves out where they are not there. */
const OPTIONAL =
  /(ln1|ln2|post_ln)\.|^v\.patch_embd\.bias|attn_(q|k|v|out)\.bias|ffn_(up|down)\.bias|\.ls[12]\.|pos_embed_k/;

describe.each([
  ['SmolVLM2', smol],
  ['an old file of SmolVLM2', old],
  ['InternVL3', intern],
  ['MiniCPM-V 4', minicpm],
])('the encoder of %s', (_, vision) => {
  it('is whole', () => {
    expect(() => checkEncoderLayout(vision)).not.toThrow();
  });

  it('is refused without any tensor that its graph uses, and taken without those that it may do without', () => {
    for (const { name } of vision.gguf.tensors) {
      const damaged = without(vision, name);
      if (OPTIONAL.test(name) && !name.startsWith('resampler.')) {
        expect(() => checkEncoderLayout(damaged), name).not.toThrow();
        continue;
      }
      if (name === 'resampler.pos_embed_k') continue;
      const error = refusal(damaged);
      expect(error.code, name).toBe('BROKEN_GGUF');
      expect(error.message, name).toMatch(/it has no|has the shape/);
    }
  });

  it('is refused with a tensor of another shape', () => {
    for (const { name, shape } of vision.gguf.tensors) {
      if (name === 'resampler.pos_embed_k') continue;
      // what the last matrix gives may be of any width
      const other = [(shape[0] ?? 1) + 1, ...shape.slice(1)];
      expect(refusal(shaped(vision, name, other)).code, name).toBe('BROKEN_GGUF');
    }
  });

  it('is refused with layers that look at each other in a way of another encoder', () => {
    const { gguf } = vision;
    const tensor = { ...(gguf.tensors[0] as GgufTensor), name: 'v.blk.0.attn_qkv.weight' };
    const error = refusal({ ...vision, gguf: { ...gguf, tensors: [...gguf.tensors, tensor] } });
    expect(error.message).toContain('has no v.blk.0.attn_qkv.weight');
  });
});

describe('what ggml computes with in single numbers alone', () => {
  it.each([
    ['positions that are added', stored(smol, 'v.position_embd.weight', 'F16')],
    ['positions that are added', stored(intern, 'v.position_embd.weight', 'F16')],
    ['queries that are normed', stored(minicpm, 'resampler.query', 'F16')],
  ])('must be stored so: %s', (_, vision) => {
    expect(refusal(vision).message).toContain('is stored as F16');
  });

  it('may be halves where they are looked up', () => {
    expect(() => checkEncoderLayout(stored(minicpm, 'v.position_embd.weight', 'F16'))).not.toThrow();
  });
});

describe('numbers that make no tiles', () => {
  it.each([
    ['patches that do not merge', saying(smol, 'projector.scale_factor', 3)],
    ['one patch a token where the graph wants more', saying(smol, 'projector.scale_factor', 1)],
    ['patches that do not merge', saying(intern, 'projector.scale_factor', 3)],
    ['no tiles at least', saying(intern, 'preproc_min_tiles', 0)],
    ['more tiles at least than at most', saying(intern, 'preproc_min_tiles', 13)],
  ])('are refused: %s', (_, vision) => {
    expect(refusal(vision).code).toBe('BROKEN_GGUF');
  });
});
