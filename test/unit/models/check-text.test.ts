import { describe, expect, it } from 'vitest';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { GgufType, type GgufScalar, type GgufTypeId } from '../../../src-main/gguf/gguf.ts';
import { checkTokens } from '../../../src-main/models/check-text.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { changedModel, type Changes } from '../../helpers/changed-demo.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const read = (changes: Changes) => readTextModel(changedModel(temporaryFolder(), changes));
const { uint32, int32, float32, string, uint64 } = GgufType;

const says = (key: string, type: GgufTypeId, value: GgufScalar | readonly GgufScalar[]): Changes => ({
  entries: [ggufEntry(`qwen2vl.${key}`, type, value)],
});

it('the demo model as it is is taken', () => {
  expect(read({}).layers).toBe(12);
});

describe('a text model is refused, with the entry that is wrong, when', () => {
  it.each<[string, Changes]>([
    ['block_count', says('block_count', uint32, 200_000)],
    ['block_count', says('block_count', uint64, 2n ** 63n)],
    ['context_length', says('context_length', uint32, 2 ** 32 - 1)],
    ['context_length', says('context_length', float32, 4096.5)],
    ['embedding_length', says('embedding_length', uint32, 2 ** 31)],
    ['feed_forward_length', says('feed_forward_length', uint32, 2 ** 31)],
    ['feed_forward_length', says('feed_forward_length', uint32, [256, 0])],
    ['attention.head_count', says('attention.head_count', uint32, 0)],
    ['attention.head_count', says('attention.head_count', uint32, 2 ** 20)],
    ['attention.head_count', says('attention.head_count', string, 'four')],
    ['attention.head_count_kv', says('attention.head_count_kv', uint32, 0)],
    ['4 heads cannot share 3', says('attention.head_count_kv', uint32, 3)],
    ['no even whole number', says('attention.head_count', uint32, 6)],
    ['64 values for keys, 64 for values and 32 for positions', says('rope.dimension_count', uint32, 32)],
    ['attention.key_length', says('attention.key_length', uint32, 2 ** 20)],
    ['rope.freq_base', says('rope.freq_base', float32, 0)],
    ['rope.freq_base', says('rope.freq_base', float32, Number.NaN)],
    ['rope.freq_base', says('rope.freq_base', float32, Number.POSITIVE_INFINITY)],
    ['rope.scaling.factor', says('rope.scaling.factor', float32, -1)],
    ['rope.dimension_sections', says('rope.dimension_sections', int32, [-8, 16, 16, 0])],
    ['turn 80 values of heads that have 64', says('rope.dimension_sections', int32, [8, 64, 8, 0])],
    ['attention.layer_norm_rms_epsilon', says('attention.layer_norm_rms_epsilon', float32, -1)],
    ['attention.sliding_window', says('attention.sliding_window', uint32, 2 ** 31)],
    ['attention.sliding_window_pattern', says('attention.sliding_window_pattern', uint32, 2 ** 20)],
    ['rope.freq_base_swa', says('rope.freq_base_swa', float32, 0)],
    ['final_logit_softcapping', says('final_logit_softcapping', float32, Number.NaN)],
    ['no more layers before the last', says('n_deepstack_layers', uint32, 12)],
    ['expert_used_count', says('expert_used_count', uint32, 2)],
    ['expert_group_count', says('expert_group_count', uint32, 2)],
    ['nextn_predict_layers', says('nextn_predict_layers', string, 'thirteen')],
    ['vocab_size', says('vocab_size', uint32, 2 ** 32 - 1)],
    [
      'it has 3 tokens, and bytes alone are 256',
      { entries: [ggufEntry('tokenizer.ggml.tokens', string, ['a', 'b', 'c'])] },
    ],
    [
      'it has 300 tokens, and embeddings of 2048',
      { entries: [ggufEntry('tokenizer.ggml.tokens', string, Array.from({ length: 300 }, String))] },
    ],
  ])('%s', (reason, changes) => {
    const error = thrown(() => read(changes));
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.message).toContain(reason);
    expect(error.advice).toContain('published');
  });

  it.each([
    ['output_norm.weight', 'F16'],
    ['blk.0.attn_q.bias', 'Q8_0'],
    ['blk.3.ffn_up.weight', 'I32'],
    ['token_embd.weight', 'F64'],
  ])('%s is stored as %s', (name, type) => {
    const tensor = (one: { name: string }) => (one.name === name ? { type: tensorTypeId(type) } : {});
    expect(thrown(() => read({ tensor })).message).toMatch(new RegExp(`${name} is stored as ${type}|ends`));
  });
});

describe('a sound model that llama.cpp cannot run is refused as such', () => {
  const withoutBeginning: Changes['entries'] = [
    ggufEntry('tokenizer.ggml.add_bos_token', GgufType.bool, true),
    ggufEntry('tokenizer.ggml.pre', string, 'chatglm-bpe'),
  ];
  const beginning = (id: number): Changes => ({
    entries: [...withoutBeginning, ggufEntry('tokenizer.ggml.bos_token_id', uint32, id)],
  });

  it.each<[string, Changes]>([
    ['scaled in an unknown way', says('rope.scaling.type', string, 'sideways')],
    ['the sections 0, 0, 0, 0', says('rope.dimension_sections', int32, [0, 0, 0, 0])],
    ['the sections 8, 8, 8, 8, 8', says('rope.dimension_sections', int32, [8, 8, 8, 8, 8])],
    ['heads of their own size', says('attention.key_length_swa', uint32, 32)],
    ['its tokenizer is none', { entries: [ggufEntry('tokenizer.ggml.model', string, 'none')] }],
    ['its tokenizer is rwkv', { entries: [ggufEntry('tokenizer.ggml.model', string, 'rwkv')] }],
    ['names none', { entries: withoutBeginning, without: ['tokenizer.ggml.bos_token_id'] }],
    ['names none', beginning(2 ** 31)],
  ])('%s', (reason, changes) => {
    const error = thrown(() => read(changes));
    expect(error.code).toBe('UNSUPPORTED_MODEL');
    expect(error.message).toContain(reason);
    expect(error.advice).toContain('another conversion');
  });

  it('and one that names the token it begins with is taken', () => {
    expect(read(beginning(0)).layers).toBe(12);
  });
});

describe('tokens', () => {
  const tokens = (change: (words: string[]) => void) => {
    const words = Array.from({ length: 2048 }, (_, i) => `word ${i}`);
    change(words);
    return read({ entries: [ggufEntry('tokenizer.ggml.tokens', string, words)] }).gguf;
  };

  it('are each there once', () => {
    expect(() => checkTokens(read({}).gguf)).not.toThrow();
    expect(() => checkTokens(tokens(() => undefined))).not.toThrow();
    const two = tokens((words) => (words[2000] = 'word 7'));
    expect(thrown(() => checkTokens(two)).message).toContain('its token 2000 is there twice');
  });

  it('are told apart up to a zero, as llama.cpp reads them', () => {
    const cut = tokens((words) => (words[2000] = 'word 7\0 and more'));
    expect(thrown(() => checkTokens(cut)).message).toContain('its token 2000 is there twice');
    const two = tokens((words) => ((words[5] = '\0a'), (words[6] = '\0b')));
    expect(() => checkTokens(two)).not.toThrow();
  });

  it('may be empty, and none has the name that llama.cpp gives an empty one', () => {
    const empty = tokens((words) => ((words[5] = ''), (words[6] = '')));
    expect(() => checkTokens(empty)).not.toThrow();
    const named = tokens((words) => ((words[5] = ''), (words[6] = '[EMPTY_5]')));
    expect(thrown(() => checkTokens(named)).message).toContain('its token 6 is there twice');
  });
});

describe('what real models have is taken', () => {
  it.each<[string, Changes]>([
    ['a context of a million tokens', says('context_length', uint32, 1_010_000)],
    ['a scaled one', says('rope.scaling.type', string, 'yarn')],
    ['a number for each layer', says('feed_forward_length', uint32, Array<number>(12).fill(256))],
    ['heads of a stated size', says('attention.key_length', uint32, 64)],
    ['no experts', says('expert_used_count', uint32, 0)],
  ])('%s', (_, changes) => {
    expect(read(changes).layers).toBe(12);
  });
});
