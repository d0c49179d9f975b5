import type { Addon, NativeModel } from '../../engine/native-types.ts';
import type { GgufTensor } from '../../gguf/gguf.ts';
import { layerOf } from '../../models/model-file.ts';
import { blockSize, tensorBytes } from '../../gguf/tensor-types.ts';
import { SnugError } from '../../contract/errors.ts';
import type { Rung } from '../../contract/rungs.ts';
import { fileTypeId } from './rungs.ts';

/** What llama.cpp's own rules give each tensor of a model in one file type: tensor name → ggml type id. */
export type Mixture = ReadonlyMap<string, number>;

/** llama.cpp walks tensors by layer, then by name, and counts layers on the way (weight_name_comparer). */
export function inLlamaOrder(tensors: readonly GgufTensor[]): GgufTensor[] {
  return [...tensors].sort((a, b) => {
    const layers = (layerOf(a.name) ?? -1) - (layerOf(b.name) ?? -1);
    return layers !== 0 ? layers : a.name < b.name ? -1 : 1;
  });
}

export function mixtureOf(
  addon: Addon,
  model: NativeModel,
  tensors: readonly GgufTensor[],
  rung: Rung,
): Mixture {
  const ordered = inLlamaOrder(tensors);
  const types = addon.mixtureTypes(model, fileTypeId(rung), ordered);
  return new Map(ordered.map((tensor, i) => [tensor.name, types[i] ?? tensor.type]));
}

export interface Fallback {
  readonly tensor: string;
  readonly columns: number;
  readonly type: number;
}

/** Values in the smallest block of any quantized type: rows that don't divide by it stay what they are. */
const SMALLEST_BLOCK = 32;

/** Tensors that a rung of 256-value blocks cannot hold and that llama.cpp gives another type, or none: they stay floats. */
export function fallbacksIn(tensors: readonly GgufTensor[], mixture: Mixture): Fallback[] {
  return tensors.flatMap((tensor) => {
    const type = mixture.get(tensor.name) ?? tensor.type;
    const columns = tensor.shape[0] ?? 0;
    const isMatrix = tensor.shape.length > 1;
    const stayed = type === tensor.type && isMatrix && columns % SMALLEST_BLOCK !== 0;
    const fellBack = stayed || (type !== tensor.type && columns % 256 !== 0 && blockSize(type) < 256);
    return fellBack ? [{ tensor: tensor.name, columns, type }] : [];
  });
}

export function bytesAs(tensor: GgufTensor, type: number): number {
  const bytes = tensorBytes(type, tensor.shape[0] ?? 0, tensor.elements);
  if (bytes === undefined) throw new SnugError('BUG', `${tensor.name} cannot be stored as type ${type}`);
  return bytes;
}

/** Of all tensors, each in its type of `types`, or its own where that has none. */
export function bytesWithTypes(tensors: readonly GgufTensor[], types: ReadonlyMap<string, number>): number {
  return tensors.reduce((sum, tensor) => sum + bytesAs(tensor, types.get(tensor.name) ?? tensor.type), 0);
}
