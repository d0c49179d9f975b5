import { z } from 'zod';

/**
 * What storing a tensor in a type does to what it puts out: tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ), from a sample of its rows. W the weights,
 * Q what the type leaves of them, H the mean over held-out tokens of x·xᵀ of what the tensor multiplies.
 */
const typeErrorSchema = z.object({
  /** ggml type id */
  type: z.int().nonnegative(),
  error: z.number().nonnegative(),
  /** of the sample; 0 where it holds all rows */
  standardError: z.number().nonnegative(),
});

const tensorErrorsSchema = z.object({
  name: z.string(),
  /** what counts: the tensor's inputs, each column by its importance, or all columns the same */
  weighed: z.enum(['inputs', 'importance', 'evenly']),
  sampledRows: z.int().positive(),
  /** without types that llama.cpp makes with an importance only, where it has none */
  types: z.array(typeErrorSchema),
});
export type TensorErrors = z.infer<typeof tensorErrorsSchema>;

export const localErrorsSchema = z.object({ tensors: z.array(tensorErrorsSchema) });
export type LocalErrors = z.infer<typeof localErrorsSchema>;
