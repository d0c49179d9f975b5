import { z } from 'zod';

/** What a fit is asked to do; everything left out has a default. */
export const fitRequestSchema = z.object({
  modelPath: z.string(),
  mmprojPath: z.string().optional(),
  output: z.string().optional(),
  home: z.string(),
  /** the agreed memory budget; the recommended one when absent */
  budgetBytes: z.int().positive().optional(),
  /** forces k instead of the budget */
  lowLayers: z.int().nonnegative().optional(),
  /** how the plan is chosen; default paper */
  plan: z.enum(['paper', 'auto']).optional(),
  /** the order in which layers go low; default entropy */
  ordering: z.string().optional(),
  /** refuses a plan beyond this mean KL divergence from the source, in nats */
  maxKld: z.number().positive().optional(),
  /** refuses a plan that prefers the source's token at a smaller share of positions */
  minAgreement: z.number().min(0).max(1).optional(),
  rungs: z.object({ high: z.string(), low: z.string() }).optional(),
  contextTokens: z.int().positive().optional(),
  alpha: z.number().min(0).max(1).optional(),
  seed: z.int().nonnegative().optional(),
  clusters: z.int().min(2).optional(),
  calibrationTokens: z.int().positive().optional(),
  calibrationFolder: z.string().optional(),
  imageMaxTokens: z.int().positive().optional(),
  visionType: z.enum(['Q8_0']).optional(),
  threads: z.int().positive().optional(),
  /** also writes the model with every layer on the high rung, to be measured beside the result */
  compare: z.boolean().optional(),
});
export type FitRequest = z.infer<typeof fitRequestSchema>;
