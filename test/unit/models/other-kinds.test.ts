import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeGguf, ggufEntry } from '../../../src-main/gguf/writer.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { splitModel } from '../../fixtures/split-model.ts';
import {
  number,
  text,
  writeTextModel,
  writeVisionModel,
  zeroTensor,
  type TensorSpec,
} from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

type Entry = ReturnType<typeof text>;
type Entries = readonly Entry[];

/** A file of its own kind: only these entries and tensors. */
function write(
  entries: Entries,
  tensors: readonly TensorSpec[] = [{ name: 'a.weight', shape: [32, 32] }],
  name = 'model.gguf',
  folder = temporaryFolder(),
): string {
  const path = join(folder, name);
  writeFileSync(path, encodeGguf(entries, tensors.map(zeroTensor)));
  return path;
}

function refusal(path: string) {
  const error = thrown(() => inspect(path));
  expect(error.code).toBe('UNSUPPORTED_MODEL');
  expect(`${error.message} ${error.advice}`).not.toMatch(/damaged|download it again/);
  return error;
}

describe('a sound GGUF that is no model to talk to is told by what it is', () => {
  it.each<[string, Entries]>([
    ['a LoRA adapter', [text('general.type', 'adapter'), text('general.architecture', 'qwen2vl')]],
    ['a LoRA adapter', [text('general.architecture', 'llama'), text('adapter.type', 'lora')]],
    ['an importance matrix', [text('general.type', 'imatrix')]],
    ['a control vector', [text('general.architecture', 'controlvector')]],
    ['an embedding model', [text('general.architecture', 'bert')]],
    ['an embedding model', [text('general.architecture', 'nomic-bert-moe')]],
    ['an embedding model', [text('general.architecture', 'gemma-embedding')]],
    ['a speech model', [text('general.architecture', 'whisper')]],
    ['a speech model', [text('general.architecture', 'qwen3tts')]],
    ['a diffusion model', [text('general.architecture', 'flux')]],
    ['a diffusion model', [text('general.architecture', 'sd3')]],
    ['a diffusion model', [text('general.architecture', 'qwen_image')]],
    ['a draft model', [text('general.architecture', 'eagle3')]],
    ['Ollama’s own layout', [text('general.architecture', 'qwen25vl')]],
    ['the architecture gpt-oss', [text('general.architecture', 'gpt-oss')]],
    ['the architecture pangu-embedded', [text('general.architecture', 'pangu-embedded')]],
    ['does not say which kind of model', [text('general.name', 'Somebody')]],
  ])('%s', (what, entries) => {
    expect(refusal(write(entries)).message).toContain(what);
  });

  it.each<[string, string]>([
    ['a diffusion model', 'model.diffusion_model.input_blocks.0.0.weight'],
    ['a LoRA adapter', 'blk.0.attn_q.weight.lora_a'],
    ['a speech model', 'encoder.conv1.weight'],
  ])('%s without metadata, by its tensors', (what, name) => {
    expect(refusal(write([], [{ name, shape: [32, 32] }])).message).toContain(what);
  });

  it.each<[string, string, string]>([
    ['a mixture of experts', 'qwen3vlmoe', 'expert_count'],
    ['a mixture of experts', 'llama4', 'expert_count'],
    ['a model with per-layer embeddings', 'gemma3n', 'embedding_length_per_layer_input'],
    ['a model with recurrent layers', 'qwen35', 'ssm.state_size'],
    ['a model with recurrent layers', 'lfm2', 'shortconv.l_cache'],
  ])('%s, told apart from what nobody knows: %s', (what, architecture, key) => {
    const entry = number(`${architecture}.${key}`, 128);
    const { message, advice } = refusal(write([text('general.architecture', architecture), entry]));
    expect(message).toContain(`${what} (${architecture}), which Snug cannot use yet`);
    expect(advice).toMatch(/\w\. Snug takes Qwen2\.5-VL/);
    expect(refusal(write([text('general.architecture', architecture)])).message).toContain(
      `the architecture ${architecture}, which Snug does not know`,
    );
  });

  it.each<[string, Entry]>([
    ['a mixture of experts', number('qwen2vl.expert_count', 8)],
    ['predict several tokens at once (MTP)', number('qwen2vl.nextn_predict_layers', 1)],
    ['an embedding or ranking model', number('qwen2vl.pooling_type', 3)],
    ['an embedding or ranking model', ggufEntry('qwen2vl.attention.causal', GgufType.bool, false)],
  ])('%s, though its architecture is known', (what, entry) => {
    expect(refusal(writeTextModel(temporaryFolder(), { entries: [entry] })).message).toContain(what);
  });

  it('a vocabulary alone', () => {
    expect(refusal(writeTextModel(temporaryFolder(), { tensors: [] })).message).toContain(
      'it has no weights',
    );
  });

  it('a mmproj for sound', () => {
    const entries = [text('general.architecture', 'clip'), number('clip.audio.block_count', 4)];
    expect(refusal(write(entries)).message).toContain('for sound, not for pictures');
  });

  it('what it is comes before what its tensors are stored in', () => {
    const path = write([text('general.architecture', 'gpt-oss')]);
    const bytes = encodeGguf(
      [text('general.architecture', 'gpt-oss')],
      [{ name: 'a', shape: [32, 32], type: 39, data: new Uint8Array(544) }],
    );
    writeFileSync(path, bytes);
    expect(refusal(path).message).toContain('gpt-oss');
  });
});

describe('a split model', () => {
  it('of a kind that Snug cannot use is told as that, before its parts are asked for', () => {
    const whole = write([text('general.architecture', 'gpt-oss')]);
    const [first = '', second = ''] = splitModel(whole, temporaryFolder(), { parts: 2, emptyFirst: true });
    rmSync(second);
    expect(refusal(first).message).toContain('the architecture gpt-oss');
  });

  it('with an empty first part is no vocabulary', () => {
    const [first = ''] = splitModel(writeTextModel(temporaryFolder()), temporaryFolder(), {
      emptyFirst: true,
    });
    expect(inspect(first)).toMatchObject({ kind: 'text', path: first, facts: { 'split over files': 3 } });
  });

  it('that is a vision file is told how to join it', () => {
    const vision = writeVisionModel(temporaryFolder());
    const [, second = ''] = splitModel(vision, temporaryFolder(), { parts: 2, stem: 'mmproj' });
    const { message, advice } = refusal(second);
    expect(message).toContain('a vision file that is split over 2 files');
    expect(advice).toContain('llama-gguf-split --merge mmproj-00001-of-00002.gguf mmproj.gguf');
  });
});

it('a vision file given as the model is told as such, and looked into', () => {
  const path = writeVisionModel(temporaryFolder());
  expect(thrown(() => readTextModel(path)).code).toBe('WRONG_PAIR');
  expect(inspect(path).kind).toBe('vision');
});
