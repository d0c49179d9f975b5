import type { GgufTensor } from '../../gguf/gguf.ts';
import { tensorTypeName } from '../../gguf/tensor-types.ts';
import { layerOf } from '../../models/model-file.ts';
import { bytesAs } from './mixture.ts';

/** A file type of llama.cpp's, which says roughly what a file's tensors have. */
export interface FileType {
  readonly name: string;
  /** llama.h, llama_ftype */
  readonly id: number;
}

/** How llama.cpp calls a file that does not say its type, by the type that most tensors have (llama-model-loader.cpp). */
const NAMED_BY: Readonly<Record<string, FileType>> = {
  F32: { name: 'F32', id: 0 },
  F16: { name: 'F16', id: 1 },
  BF16: { name: 'BF16', id: 32 },
  Q4_0: { name: 'Q4_0', id: 2 },
  Q4_1: { name: 'Q4_1', id: 3 },
  Q5_0: { name: 'Q5_0', id: 8 },
  Q5_1: { name: 'Q5_1', id: 9 },
  Q8_0: { name: 'Q8_0', id: 7 },
  Q2_K: { name: 'Q2_K', id: 10 },
  Q3_K: { name: 'Q3_K_M', id: 12 },
  Q4_K: { name: 'Q4_K_M', id: 15 },
  Q5_K: { name: 'Q5_K_M', id: 17 },
  Q6_K: { name: 'Q6_K', id: 18 },
  IQ2_XXS: { name: 'IQ2_XXS', id: 19 },
  IQ2_XS: { name: 'IQ2_XS', id: 20 },
  IQ2_S: { name: 'IQ2_S', id: 28 },
  IQ3_XXS: { name: 'IQ3_XXS', id: 23 },
  IQ3_S: { name: 'IQ3_S', id: 26 },
  IQ1_S: { name: 'IQ1_S', id: 24 },
  IQ1_M: { name: 'IQ1_M', id: 31 },
  IQ4_NL: { name: 'IQ4_NL', id: 25 },
  IQ4_XS: { name: 'IQ4_XS', id: 30 },
};
const UNNAMED: FileType = { name: 'F32', id: 0 };

/**
 * The file type by which llama.cpp would call these tensors: of the type that most matrices have; where several are as many, of the one
 * with most bytes.
 */
export function nearestFileType(
  tensors: readonly GgufTensor[],
  types: ReadonlyMap<string, number>,
): FileType {
  const byType = new Map<string, { count: number; bytes: number }>();
  for (const tensor of tensors) {
    if (tensor.shape.length < 2) continue;
    const type = types.get(tensor.name) ?? tensor.type;
    const { count, bytes } = byType.get(tensorTypeName(type)) ?? { count: 0, bytes: 0 };
    byType.set(tensorTypeName(type), { count: count + 1, bytes: bytes + bytesAs(tensor, type) });
  }
  const [most] = [...byType].sort(([, a], [, b]) => b.count - a.count || b.bytes - a.bytes);
  return (most && NAMED_BY[most[0]]) ?? UNNAMED;
}

/** The same of each layer [layers]. */
export function layerFileTypes(
  tensors: readonly GgufTensor[],
  types: ReadonlyMap<string, number>,
  layers: number,
): string[] {
  const byLayer = Map.groupBy(tensors, ({ name }) => layerOf(name));
  return Array.from({ length: layers }, (_, layer) => nearestFileType(byLayer.get(layer) ?? [], types).name);
}
