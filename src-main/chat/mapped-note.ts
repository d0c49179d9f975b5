import { listed } from '../contract/listed.ts';
import type { Backends } from '../engine/native-types.ts';
import type { GgufTensor } from '../gguf/gguf.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';

/**
 * What to know of a model whose weights stay pages of its file, where Snug's own kernels would multiply with some of them: they need a
 * layout of their own, which pages of a file don't have.
 */
export function mappedNote(
  tensors: readonly Pick<GgufTensor, 'type'>[],
  { ownKernelTypes }: Pick<Backends, 'ownKernelTypes'>,
): string | undefined {
  const types = ownKernelTypes.filter((type) => tensors.some((tensor) => tensor.type === type));
  if (types.length === 0) return undefined;
  return (
    'The weights stay in their file and are read as they are needed: ' +
    `llama.cpp's kernels multiply with ${listed(types.map(tensorTypeName))}, Snug's own can't.`
  );
}
