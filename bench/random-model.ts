import { existsSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { GgufType, readGguf } from '../src-main/gguf/gguf.ts';
import { ggufEntry, layOutGguf, type TensorToWrite } from '../src-main/gguf/writer.ts';
import { tensorTypeId } from '../src-main/gguf/tensor-types.ts';

const demo = join(import.meta.dirname, '..', 'resources', 'demo-model', 'demo-vl-f16.gguf');
const F16 = tensorTypeId('F16');
const F32 = tensorTypeId('F32');

// Qwen2.5-VL-7B's layer (its config.json): width 3584, feed-forward 18944, 28 heads, 4 key-value heads of 128
const WIDTH = 3584;
const FEED_FORWARD = 18944;
const HEADS = 28;
const KV_HEADS = 4;
const KV_WIDTH = KV_HEADS * 128;

/** Random weights in the shape of Qwen2.5-VL-7B with fewer layers and the demo model's vocabulary: 467 MB a layer. */
export async function writeRandomModel(path: string, layers: number): Promise<void> {
  if (existsSync(path) && isComplete(path)) return;
  const source = readGguf(demo);
  const tokenizer = [...source.metadata.values()].filter(({ key }) => key.startsWith('tokenizer.'));
  const vocabulary = source.tensors.find((tensor) => tensor.name === 'token_embd.weight')?.shape[1] ?? 0;
  const number = (key: string, value: number) => ggufEntry(`qwen2vl.${key}`, GgufType.uint32, value);
  const entries = [
    ggufEntry('general.architecture', GgufType.string, 'qwen2vl'),
    ggufEntry('general.name', GgufType.string, `Random 7B shape, ${layers} layers`),
    number('block_count', layers),
    number('context_length', 32768),
    number('embedding_length', WIDTH),
    number('feed_forward_length', FEED_FORWARD),
    number('attention.head_count', HEADS),
    number('attention.head_count_kv', KV_HEADS),
    ggufEntry('qwen2vl.rope.freq_base', GgufType.float32, 1e6),
    ggufEntry('qwen2vl.attention.layer_norm_rms_epsilon', GgufType.float32, 1e-6),
    ggufEntry('qwen2vl.rope.dimension_sections', GgufType.int32, [16, 24, 24, 0]),
    ...tokenizer,
  ];
  const tensors = modelTensors(layers, vocabulary);
  const layout = layOutGguf(entries, tensors);
  const file = await open(path, 'w');
  try {
    await file.write(layout.header);
    for (const [i, tensor] of tensors.entries()) await fill(file, layout.offsets[i] ?? 0, tensor);
    await file.truncate(layout.totalBytes);
  } finally {
    await file.close();
  }
}

function isComplete(path: string): boolean {
  try {
    readGguf(path);
    return true;
  } catch {
    // an interrupted run's file is written again
    return false;
  }
}

function modelTensors(layers: number, vocabulary: number): TensorToWrite[] {
  const matrix = (name: string, columns: number, rows: number): TensorToWrite => ({
    name,
    shape: [columns, rows],
    type: F16,
    bytes: columns * rows * 2,
  });
  const vector = (name: string, length: number): TensorToWrite => ({
    name,
    shape: [length],
    type: F32,
    bytes: length * 4,
  });
  return [
    matrix('token_embd.weight', WIDTH, vocabulary),
    vector('output_norm.weight', WIDTH),
    ...Array.from({ length: layers }, (_, layer) => `blk.${layer}.`).flatMap((prefix) => [
      vector(`${prefix}attn_norm.weight`, WIDTH),
      vector(`${prefix}ffn_norm.weight`, WIDTH),
      matrix(`${prefix}attn_q.weight`, WIDTH, WIDTH),
      vector(`${prefix}attn_q.bias`, WIDTH),
      matrix(`${prefix}attn_k.weight`, WIDTH, KV_WIDTH),
      vector(`${prefix}attn_k.bias`, KV_WIDTH),
      matrix(`${prefix}attn_v.weight`, WIDTH, KV_WIDTH),
      vector(`${prefix}attn_v.bias`, KV_WIDTH),
      matrix(`${prefix}attn_output.weight`, WIDTH, WIDTH),
      matrix(`${prefix}ffn_gate.weight`, WIDTH, FEED_FORWARD),
      matrix(`${prefix}ffn_up.weight`, WIDTH, FEED_FORWARD),
      matrix(`${prefix}ffn_down.weight`, FEED_FORWARD, WIDTH),
    ]),
  ];
}

const BLOCK_VALUES = 1 << 20;

/** A pseudo-random block, repeated with a shift, is random enough for speed and quick to write. */
async function fill(file: FileHandle, offset: number, tensor: TensorToWrite): Promise<void> {
  const isNorm = tensor.name.endsWith('norm.weight');
  const bytesPerValue = tensor.type === F16 ? 2 : 4;
  const values = tensor.bytes / bytesPerValue;
  const block = tensor.type === F16 ? new Float16Array(BLOCK_VALUES) : new Float32Array(values);
  let state = tensor.bytes >>> 0;
  for (let i = 0; i < block.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    block[i] = isNorm ? 1 : (state / 4294967296 - 0.5) * 0.04;
  }
  const bytes = new Uint8Array(block.buffer);
  for (let done = 0; done < tensor.bytes; done += bytes.length) {
    await file.write(bytes, 0, Math.min(bytes.length, tensor.bytes - done), offset + done);
  }
}
