import { z } from 'zod';
import { qualitySchema } from './fit-report.ts';

/** What `snug compare --json` prints: everything that was measured of one model, to be drawn as tables and figures. */

export const comparedSchema = z.object({
  /** unique within the comparison */
  id: z.string(),
  /** as tables call it: "IQ3_M", "entropy, 4 layers" */
  name: z.string(),
  /**
   * source: the model itself; uniform: one file type; order: the first k layers of an order low; auto: a rung for every layer;
   * projector: the source with a smaller vision encoder
   */
  family: z.enum(['source', 'uniform', 'order', 'auto', 'projector']),
  /** of the tokens the importance matrix was taken over: from pictures and text, or text alone; null without a matrix */
  importance: z.enum(['multimodal', 'text-only']).nullable(),
  ordering: z.string().nullable(),
  /** k of an order; null elsewhere */
  lowLayers: z.int().nonnegative().nullable(),
  /** calibration: share of picture tokens, clusters, seed */
  alpha: z.number().min(0).max(1),
  clusters: z.int().positive(),
  seed: z.int(),
  /** tensor data of the text model, and of the vision encoder */
  weightsBytes: z.int().nonnegative(),
  visionBytes: z.int().nonnegative(),
  bitsPerWeight: z.number(),
  quality: qualitySchema,
  /** predicted from the speed of this machine's kernels; null where they were not measured */
  tokensPerSecond: z.number().nullable(),
  /** predicted memory in all */
  totalBytes: z.int().nonnegative(),
});
export type Compared = z.infer<typeof comparedSchema>;

export const comparisonSchema = z.object({
  version: z.literal(1),
  model: z.object({
    name: z.string(),
    sourceSha256: z.string(),
    layers: z.int().positive(),
    parameters: z.int().positive(),
  }),
  rungs: z.object({ high: z.string(), low: z.string() }),
  /** per layer, of the calibration that everything else is held against; bits */
  entropies: z.array(
    z.object({ both: z.number(), image: z.number().nullable(), text: z.number().nullable() }),
  ),
  /** ordering → layers, the one that goes low first in front */
  orders: z.record(z.string(), z.array(z.int().nonnegative())),
  /** Kendall's τ of each pair of orders */
  taus: z.array(z.object({ a: z.string(), b: z.string(), tau: z.number() })),
  rows: z.array(comparedSchema),
  machine: z.object({ cpu: z.string(), threads: z.int().positive(), llamaCpp: z.string() }),
});
export type Comparison = z.infer<typeof comparisonSchema>;
