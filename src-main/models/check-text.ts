import { blockSize, tensorTypeId, tensorTypeName } from '../gguf/tensor-types.ts';
import { GgufType, metadataNumber, metadataString, type Gguf, type GgufTensor } from '../gguf/gguf.ts';
import { checkReal, implausible, unusable, wholeNumberIn, wholeNumbersIn, type Range } from './refusal.ts';

/**
 * Refuses a text model whose header would make llama.cpp end its process, divide by zero or take all memory. What is only missing or
 * of the wrong shape is left to llama.cpp, which says so with an error. Key names: src/llama-arch.cpp; assertions: src/llama-model.cpp.
 */

/** LLAMA_MAX_LAYERS: llama.cpp asserts it. */
export const MOST_LAYERS = 512;

const LAYERS: Range = { least: 1, most: MOST_LAYERS, reason: 'llama.cpp has room for no more' };
const WIDTH: Range = { least: 1, most: 1 << 16, reason: 'the widest models have 16,384' };
const FEED_FORWARD: Range = { least: 1, most: 1 << 20, reason: 'the widest models have 53,248' };
const CONTEXT: Range = { least: 1, most: 1 << 24, reason: 'the longest contexts are 10 million tokens' };
const HEADS: Range = { least: 1, most: 1 << 10, reason: 'the largest models have 128' };
const HEAD_SIZE: Range = { least: 2, most: 1 << 10, reason: 'the largest heads have 256' };
const VOCABULARY: Range = { least: 1, most: 1 << 20, reason: 'the largest vocabularies have 262,144 tokens' };
/** llama.cpp asserts that a model without experts uses and groups none. */
const NO_EXPERTS: Range = { least: 0, most: 0, reason: 'the model has no experts' };

/** What models of llama and qwen2 come with. One without a vocabulary makes llama.cpp add as many empty tokens as the header likes. */
const TOKENIZERS = new Set(['gpt2', 'llama']);
const FEWEST_TOKENS = 256;

const ROPE_SCALINGS = new Set(['none', 'linear', 'yarn', 'longrope']);

export function checkTextModel(gguf: Gguf, architecture: string): void {
  const key = (name: string) => `${architecture}.${name}`;
  wholeNumberIn(gguf, key('block_count'), LAYERS);
  wholeNumberIn(gguf, key('context_length'), CONTEXT);
  wholeNumbersIn(gguf, key('feed_forward_length'), FEED_FORWARD);
  for (const name of [
    'expert_used_count',
    'expert_group_count',
    'expert_group_used_count',
    'nextn_predict_layers',
  ])
    wholeNumbersIn(gguf, key(name), NO_EXPERTS);
  checkReal(gguf, key('attention.layer_norm_rms_epsilon'), 0, 1);
  checkRope(gguf, key, checkHeads(gguf, key));
  checkWindows(gguf, key);
  checkDeepstack(gguf, key);
  checkVocabulary(gguf, key);
  checkTensorTypes(gguf);
}

/**
 * Returns the values of a head. Every head has as many values for keys, values and positions: the graphs of llama, qwen2 and qwen2vl assert
 * it.
 */
function checkHeads(gguf: Gguf, key: (name: string) => string): number | undefined {
  const width = wholeNumberIn(gguf, key('embedding_length'), WIDTH);
  const heads = wholeNumbersIn(gguf, key('attention.head_count'), HEADS);
  const keyHeads = wholeNumbersIn(gguf, key('attention.head_count_kv'), HEADS);
  heads.forEach((count, layer) => {
    const keyCount = keyHeads[keyHeads.length > 1 ? layer : 0] ?? count;
    if (count % keyCount !== 0)
      throw implausible(gguf, `its ${count} heads cannot share ${keyCount} heads for keys and values`);
  });
  const [count] = heads;
  const shared = width === undefined || count === undefined ? undefined : width / count;
  const keys = wholeNumberIn(gguf, key('attention.key_length'), HEAD_SIZE) ?? shared;
  const values = wholeNumberIn(gguf, key('attention.value_length'), HEAD_SIZE) ?? shared;
  const positions = wholeNumberIn(gguf, key('rope.dimension_count'), HEAD_SIZE) ?? keys;
  for (const size of [keys, values, positions]) {
    if (size !== undefined && (!Number.isInteger(size) || size % 2 !== 0))
      throw implausible(gguf, `its heads have ${size} values, which is no even whole number`);
  }
  if (keys !== values || keys !== positions)
    throw implausible(
      gguf,
      `its heads have ${keys} values for keys, ${values} for values and ${positions} for positions`,
    );
  return keys;
}

function checkRope(gguf: Gguf, key: (name: string) => string, headSize: number | undefined): void {
  // a base of 0 or of infinity makes every position NaN
  checkReal(gguf, key('rope.freq_base'), 1, 1e12);
  checkReal(gguf, key('rope.scaling.factor'), 0, 1e6);
  const scaling = metadataString(gguf, key('rope.scaling.type'));
  if (scaling !== undefined && !ROPE_SCALINGS.has(scaling))
    throw unusable(gguf, `its positions are scaled in an unknown way, ${scaling}`);
  const sections = wholeNumbersIn(gguf, key('rope.dimension_sections'), { ...HEAD_SIZE, least: 0 });
  if (sections.length === 0) return;
  // ggml asserts that one of the first three is above zero; some fine-tunes were published with zeros
  if (sections.length > 4 || !sections.slice(0, 3).some((length) => length > 0))
    throw unusable(gguf, `its positions have the sections ${sections.slice(0, 8).join(', ')}`);
  const turned = sections.reduce((sum, length) => sum + length, 0);
  if (headSize !== undefined && turned > headSize)
    throw implausible(gguf, `its positions turn ${turned} values of heads that have ${headSize}`);
}

const WINDOW: Range = { least: 1, most: 1 << 20, reason: 'Gemma 3 has windows of 1,024 tokens' };
const WINDOW_PATTERN: Range = { least: 0, most: MOST_LAYERS, reason: 'there are no more layers' };

/** Layers that look back no further than a window (Gemma 3). */
function checkWindows(gguf: Gguf, key: (name: string) => string): void {
  wholeNumberIn(gguf, key('attention.sliding_window'), WINDOW);
  wholeNumbersIn(gguf, key('attention.sliding_window_pattern'), WINDOW_PATTERN);
  checkReal(gguf, key('rope.freq_base_swa'), 1, 1e12);
  checkReal(gguf, key('final_logit_softcapping'), 0, 1e6);
  for (const name of ['attention.key_length_swa', 'attention.value_length_swa', 'rope.dimension_count_swa'])
    if (gguf.metadata.has(key(name)))
      throw unusable(gguf, 'its windowed layers have heads of their own size');
}

/** Qwen3-VL adds what an encoder saw behind its first layers; llama.cpp's graph ends the process where that is all of them. */
function checkDeepstack(gguf: Gguf, key: (name: string) => string): void {
  const layers = metadataNumber(gguf, key('block_count')) ?? MOST_LAYERS;
  const reason = 'there are no more layers before the last';
  wholeNumberIn(gguf, key('n_deepstack_layers'), { least: 0, most: layers - 1, reason });
}

/** Pre-tokenizers that have no token for the beginning of a text unless the file names one. */
const WITHOUT_BEGINNING = new Set<string | undefined>(['glm4', 'chatglm-bpe']);

/** llama.cpp asserts that there is a token where it is told to put one at the beginning. */
function checkSpecialTokens(gguf: Gguf, tokens: number): void {
  const key = (name: string) => `tokenizer.ggml.${name}`;
  const isNamed = (name: string) => {
    const id = metadataNumber(gguf, key(name));
    return id !== undefined && id < tokens;
  };
  if (
    gguf.metadata.get(key('add_bos_token'))?.value === true &&
    WITHOUT_BEGINNING.has(metadataString(gguf, key('pre'))) &&
    !isNamed('bos_token_id')
  )
    throw unusable(gguf, 'it wants a token at the beginning of a text, and names none');
}

function checkVocabulary(gguf: Gguf, key: (name: string) => string): void {
  wholeNumberIn(gguf, key('vocab_size'), VOCABULARY);
  const tokenizer = metadataString(gguf, 'tokenizer.ggml.model');
  if (tokenizer !== undefined && !TOKENIZERS.has(tokenizer))
    throw unusable(gguf, `its tokenizer is ${tokenizer}, which no model of this kind has`);
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens')?.value;
  // special tokens that are not named have numbers below this
  if (tokenizer !== undefined && typeof tokens === 'object' && tokens.length < FEWEST_TOKENS)
    throw implausible(gguf, `it has ${tokens.length} tokens, and bytes alone are ${FEWEST_TOKENS}`);
  if (typeof tokens === 'object') checkSpecialTokens(gguf, tokens.length);
  const rows = gguf.tensors.find(({ name }) => name === 'token_embd.weight')?.shape[1];
  if (typeof tokens === 'object' && rows !== undefined && tokens.length !== rows)
    throw implausible(gguf, `it has ${tokens.length} tokens, and embeddings of ${rows}`);
}

/**
 * llama.cpp asserts that no two tokens are the same. Looking at each of 150,000 takes a moment, so this is done where a model is about to
 * be opened.
 */
export function checkTokens(gguf: Gguf): void {
  const entry = gguf.metadata.get('tokenizer.ggml.tokens');
  if (typeof entry?.value !== 'object' || entry.value.elementType !== GgufType.string) return;
  const { length } = entry.value;
  // by their bytes, as two that are no UTF-8 would be decoded to the same text
  const raw = Buffer.from(entry.raw.buffer, entry.raw.byteOffset, entry.raw.byteLength);
  let at = 8 + Number(raw.readBigUInt64LE(0)) + 4 + 4 + 8;
  const seen = new Set<string>();
  for (let i = 0; i < length; i++) {
    const bytes = Number(raw.readBigUInt64LE(at));
    // llama.cpp reads them up to a zero, and names empty ones
    const [read = ''] = raw.toString('latin1', at + 8, at + 8 + bytes).split('\0', 1);
    const token = read === '' ? `[EMPTY_${i}]` : read;
    if (seen.has(token)) throw implausible(gguf, `its token ${i} is there twice`);
    seen.add(token);
    at += 8 + bytes;
  }
}

const F32 = tensorTypeId('F32');
const MATRIX_FLOATS = new Set(['F32', 'F16', 'BF16'].map(tensorTypeId));

/** ggml's CPU kernels end the process for vectors that are not F32, and for matrices of whole numbers or doubles. */
export function checkTensorTypes(gguf: Gguf): void {
  const wrong = gguf.tensors.find((tensor) => !isComputable(tensor));
  if (wrong) throw implausible(gguf, `${wrong.name} is stored as ${tensorTypeName(wrong.type)}`);
}

function isComputable({ shape, type }: GgufTensor): boolean {
  if (shape.length === 1) return type === F32;
  return MATRIX_FLOATS.has(type) || blockSize(type) > 1;
}
