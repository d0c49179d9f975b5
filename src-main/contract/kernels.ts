export const KERNELS = ['auto', 'own', 'stock'] as const;
/**
 * What multiplies with weights. own: Snug's kernels where there are some for a type and this processor, whatever room their layouts take;
 * auto: the same, but layouts that take much more room than the file only where the budget leaves it; stock: llama.cpp's.
 */
export type Kernels = (typeof KERNELS)[number];
