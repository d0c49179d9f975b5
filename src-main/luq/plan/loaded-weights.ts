import type { Kernels } from '../../contract/kernels.ts';
import { kernelsWanted } from '../../engine/kernels.ts';
import type { Addon } from '../../engine/native-types.ts';
import type { Gguf, GgufTensor } from '../../gguf/gguf.ts';
import { layerOf, type TextModel } from '../../models/model-file.ts';
import { isFloatType, tensorTypeId } from '../../gguf/tensor-types.ts';
import { availableBytes } from '../../profile/memory.ts';
import { bytesAs } from './mixture.ts';

/** Bytes that a tensor takes in memory beyond those in the file, when it is stored as `type`. */
export type ExtraBytes = (tensor: GgufTensor, type: number) => number;

/** The layouts that weights may have on this processor. */
export interface Layouts {
  /** always taken where nothing else is */
  readonly lean: ExtraBytes;
  /** of Snug's fastest kernels, which need much more room; undefined where llama.cpp's are to multiply */
  readonly wide: ExtraBytes | undefined;
  /** whether wide ones are taken whatever room there is */
  readonly insisted: boolean;
}

/**
 * Whether the weights are used as pages of the file. Quantized ones are not: llama.cpp arranges them anew for the CPU, which is worth
 * twice the speed, and the pages would stay in memory beside that. Float ones gain little, and what is larger than the memory that is
 * free has to be pages, which can be dropped and read again.
 */
export function staysMapped(
  { weightType, gguf }: Pick<TextModel, 'weightType'> & { readonly gguf: Pick<Gguf, 'fileBytes'> },
  gpuLayers = 0,
  available = availableBytes(),
): boolean {
  return gpuLayers > 0 || isFloatType(tensorTypeId(weightType)) || gguf.fileBytes > available;
}

/**
 * What layouts of weights add on this processor: llama.cpp's nothing on most; with AMX sums beside the blocks (Q8_0 takes an eighth more),
 * and a second copy of tied embeddings, which are looked up in one layout and multiplied with in another. Snug's own add little, and those
 * that are `wide` much.
 */
function extraBytesOf(addon: Addon, tensors: readonly GgufTensor[], wide = false): ExtraBytes {
  const tied = !tensors.some(({ name }) => name === 'output.weight');
  const known = new Map<string, ReturnType<Addon['loadedWeight']>>();
  const loaded = (type: number, columns: number, rows: number) => {
    const key = `${type} ${columns} ${rows}`;
    const found = known.get(key) ?? addon.loadedWeight({ type, columns, rows, wide });
    known.set(key, found);
    return found;
  };
  return (tensor, type) => {
    const [columns, rows] = tensor.shape;
    const isEmbedding = tensor.name === 'token_embd.weight';
    const multiplied = layerOf(tensor.name) !== undefined || tensor.name === 'output.weight' || isEmbedding;
    // experts have a third dimension, and keep their size
    if (!multiplied || columns === undefined || rows === undefined || tensor.shape.length !== 2) return 0;
    if (isEmbedding && !tied) return 0;
    const { bytes, rearranged } = loaded(type, columns, rows);
    if (!rearranged) return 0;
    return isEmbedding ? bytes : bytes - bytesAs(tensor, type);
  };
}

/** Those that weights may have with the kernels that are wanted. */
export function layoutsOf(addon: Addon, tensors: readonly GgufTensor[]): Layouts {
  const kernels = kernelsWanted();
  return {
    lean: extraBytesOf(addon, tensors),
    wide: kernels === 'stock' ? undefined : extraBytesOf(addon, tensors, true),
    insisted: kernels === 'own',
  };
}

/** Kernels that a person could choose in place of those that run, and the layouts that weights have with them. */
export interface OtherKernels {
  readonly kernels: Kernels;
  readonly layouts: Layouts;
}

/** Those whose layouts take less room, the faster first. `ownTypes`: that Snug's kernels have taken from llama.cpp's */
export function otherKernels({ lean, wide, insisted }: Layouts, ownTypes: readonly number[]): OtherKernels[] {
  if (wide === undefined) return [];
  const own = new Set(ownTypes);
  const stock: ExtraBytes = (tensor, type) => (own.has(type) ? 0 : lean(tensor, type));
  return [
    ...(insisted ? [{ kernels: 'auto', layouts: { lean, wide, insisted: false } } as const] : []),
    { kernels: 'stock', layouts: { lean: stock, wide: undefined, insisted: false } },
  ];
}

/** In the words of the setting, as what a plan would be made with. */
export const KERNEL_WORDS: Readonly<Record<Kernels, string>> = {
  auto: 'Snug’s kernels as fast as memory allows',
  own: 'Snug’s fastest kernels at any memory cost',
  stock: 'llama.cpp’s kernels',
};

/** What plans count, before anyone knows of room: wide layouts only where they are insisted on. */
export function countedExtra({ lean, wide, insisted }: Layouts): ExtraBytes {
  return insisted && wide ? wide : lean;
}

/** Whether a tensor has a layout that takes more room than its lean one. */
export function hasWide({ lean, wide }: Layouts, tensor: GgufTensor, type: number): boolean {
  return wide !== undefined && wide(tensor, type) > lean(tensor, type);
}

/** A model's weights, and what types they are to have: each its own where it is not named. */
export interface TypedWeights {
  readonly tensors: readonly GgufTensor[];
  readonly types?: ReadonlyMap<string, number>;
}

/** What all weights of a model add in memory. */
export function extraBytes({ tensors, types }: TypedWeights, extra: ExtraBytes): number {
  return tensors.reduce((sum, tensor) => sum + extra(tensor, types?.get(tensor.name) ?? tensor.type), 0);
}
