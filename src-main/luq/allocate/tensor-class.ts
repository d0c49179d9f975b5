import { layerOf } from '../../models/model-file.ts';

/** What a matrix does in its layer. Where a family joins or splits matrices, `of` says which of these it is made of. */
export const TENSOR_CLASSES = [
  'attn_q',
  'attn_k',
  'attn_v',
  'attn_output',
  'ffn_gate',
  'ffn_up',
  'ffn_down',
] as const;
export type TensorClass = (typeof TENSOR_CLASSES)[number];

/** A matrix as the allocation sees it. */
export interface ClassifiedTensor {
  readonly name: string;
  /** attn_q … ffn_down, token_embd, output; or the name of what is none of them */
  readonly class: string;
  readonly layer: number | undefined;
  /** the classes that it does the work of; none outside the layers */
  readonly of: readonly TensorClass[];
  /** of their work the part that it does: shared experts beside the others do half */
  readonly share: number;
}

const QKV = ['attn_q', 'attn_k', 'attn_v'] as const;

/** Names of llama.cpp's (src/llama-arch.cpp) that are not the name of a class. Experts are one matrix more, and stand for all of them. */
const JOINED = new Map<string, readonly TensorClass[]>([
  ['attn_qkv', QKV],
  ['ssm_in', QKV],
  ['attn_q_a', ['attn_q']],
  ['attn_q_b', ['attn_q']],
  ['attn_kv_a_mqa', ['attn_k', 'attn_v']],
  ['attn_kv_b', ['attn_k', 'attn_v']],
  ['attn_k_b', ['attn_k']],
  ['attn_v_b', ['attn_v']],
  ['attn_gate', ['attn_v']],
  ['ssm_out', ['attn_output']],
  ['ffn_gate_up', ['ffn_gate', 'ffn_up']],
]);

const isClass = (kind: string): kind is TensorClass => TENSOR_CLASSES.some((name) => name === kind);

/**
 * @param name as in a GGUF of llama.cpp's: "blk.12.ffn_up.weight"
 * @param sharesExperts whether this layer has experts of both kinds, routed and shared
 */
export function classify(name: string, sharesExperts = false): ClassifiedTensor {
  const layer = layerOf(name);
  const kind = name.replace(/^blk\.\d+\./, '').replace(/\.weight$/, '');
  const isExpert = /_(?:ch)?exps$|_shexp$/.test(kind);
  const work = kind.replace(/_(?:(?:ch)?exps|shexp)$/, '');
  const of = layer === undefined ? [] : (JOINED.get(work) ?? (isClass(work) ? [work] : []));
  return { name, class: work, layer, of, share: isExpert && sharesExperts ? 0.5 : 1 };
}

/** All tensors of a model, by their names. */
export function classifyAll(names: readonly string[]): ClassifiedTensor[] {
  const shared = new Set(names.filter((name) => /_shexp\./.test(name)).map(layerOf));
  return names.map((name) => classify(name, shared.has(layerOf(name))));
}
