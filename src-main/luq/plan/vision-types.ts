import type { GgufTensor } from '../../gguf/gguf.ts';
import { blockSize, tensorTypeId } from '../../gguf/tensor-types.ts';

/**
 * The vision encoder's types when it is stored in 8 bits: its matrices become Q8_0; norms, biases, positions and the patch
 * convolution stay, as llama-quantize leaves them for an mmproj, and Gemma's projection, which is turned on its side before it is used.
 */
export function visionTypes(tensors: readonly GgufTensor[], type: 'Q8_0'): Map<string, number> {
  const target = tensorTypeId(type);
  return new Map(
    tensors.map((tensor) => {
      const isMatrix = tensor.shape.length === 2 && tensor.name.endsWith('.weight');
      const kept = /patch_embd|position_embd|_norm|\bln\d?\b|class_embd|input_projection/.test(tensor.name);
      const divides = (tensor.shape[0] ?? 0) % blockSize(target) === 0;
      return [tensor.name, isMatrix && !kept && divides ? target : tensor.type];
    }),
  );
}
