import type { Kernels } from '../../../src-main/contract/kernels.ts';
import { LEAST_OFFERED_CONTEXT_TOKENS } from '../../../src-main/contract/token-limits.ts';

/** Context lengths offered in lists; any other is kept where it is set already. */
export const CONTEXT_CHOICES: readonly number[] = [
  LEAST_OFFERED_CONTEXT_TOKENS,
  2048,
  4096,
  8192,
  16_384,
  32_768,
];
/** Longest answers offered, in tokens. */
export const ANSWER_CHOICES: readonly number[] = [256, 512, 1024, 2048, 4096, 8192];
export const KERNEL_CHOICES: readonly { readonly value: Kernels; readonly label: string }[] = [
  { value: 'auto', label: 'Snug’s, as fast as memory allows' },
  { value: 'own', label: 'Snug’s fastest, at any memory cost' },
  { value: 'stock', label: 'llama.cpp’s' },
];
