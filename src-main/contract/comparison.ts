import { z } from 'zod';
import { KERNELS } from './kernels.ts';
import { entropyBitsSchema, qualitySchema } from './fit-report.ts';
import { fitRequestSchema } from './fit-request.ts';
import type { ReadOnly } from './read-only.ts';
import { RUNGS } from './rungs.ts';

/**
 * What a comparison can hold beside the source; `snug compare --parts`.
 *
 * - `uniform`: one file type for all layers, with an importance matrix of pictures and text, and with one of text alone;
 * - `orders`: the first layers of every order low; `ladder`: a rung for every layer, in the memory of those;
 * - `best`: the nearest plan with a type for every tensor, in the memory of those;
 * - `rivals`: the methods that the paper compares with, GPTQ, AWQ and BiLLM, in formats of their own;
 * - `calibration`: the paper's plan under other shares of picture tokens, clusters, seeds;
 * - `projector`: a smaller vision encoder.
 */
export const COMPARE_PARTS = [
  'uniform',
  'orders',
  'ladder',
  'best',
  'rivals',
  'calibration',
  'projector',
] as const;
export type ComparePart = (typeof COMPARE_PARTS)[number];

export const compareRequestSchema = z.object({
  fit: fitRequestSchema,
  /** all when absent */
  parts: z.array(z.enum(COMPARE_PARTS)).optional(),
  /** numbers of low layers to compare orders at; shares of the layers when absent */
  lowLayers: z.array(z.number()).optional(),
  /** questions of a benchmark that every row is asked */
  task: z
    .object({
      name: z.string(),
      data: z.string(),
      pictures: z.string().optional(),
      limit: z.number().optional(),
    })
    .optional(),
  /** runs every row in a process of its own to measure speed and memory */
  running: z.boolean().optional(),
});
export type CompareRequest = ReadOnly<z.infer<typeof compareRequestSchema>>;

/** The family of a plan from the ladder, which gives every layer a rung of its own; comparisons that are kept have that word. */
export const LADDER_FAMILY = 'auto';

/** Another method: quality was measured on 16-bit floats that it left, and sizes are those of what its own format would store. */
const rivalSchema = z.object({
  method: z.string(),
  /** as its paper counts them, without scales and other overhead */
  paperBits: z.number().positive(),
});

/** What `snug compare --json` prints: everything that was measured of one model, to be drawn as tables and figures. */

export const comparedSchema = z.object({
  /** unique within the comparison */
  id: z.string(),
  /** as tables call it: "IQ3_M", "entropy, 4 layers" */
  name: z.string(),
  /**
   * source: the model itself; uniform: one file type; order: the first k layers of an order low; auto: a rung for every layer;
   * best: a type for every tensor; rival: another method's weights, in a format of its own; projector: the source with a smaller vision
   * encoder
   */
  family: z.enum(['source', 'uniform', 'order', LADDER_FAMILY, 'best', 'rival', 'projector']),
  /** of the tokens the importance matrix was taken over: from pictures and text, or text alone; null without a matrix */
  importance: z.enum(['multimodal', 'text-only']).nullable(),
  ordering: z.string().nullable(),
  /** k of an order; null elsewhere */
  lowLayers: z.int().nonnegative().nullable(),
  /** per layer its file type; absent where no plan was made, and in comparisons from before it was kept */
  layerRungs: z.array(z.enum(RUNGS)).optional(),
  /** tensor → its type, as in "IQ3_S": of plans that choose one for every tensor */
  tensorTypes: z.record(z.string(), z.string()).optional(),
  /** of a weight of the matrices in the layers, with scales and all else; absent in comparisons from before it was told */
  layerBits: z.number().positive().optional(),
  rival: rivalSchema.optional(),
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
  /** its score at the comparison's task */
  accuracy: z.number().nullable(),
  /** as measured in a process of its own; `peakMemoryBytes` beyond what the process had before loading */
  running: z
    .object({
      tokensPerSecond: z.number(),
      promptTokensPerSecond: z.number(),
      peakMemoryBytes: z.int().nonnegative(),
    })
    .nullable(),
});
export type Compared = ReadOnly<z.infer<typeof comparedSchema>>;

const calibrationSchema = comparedSchema.pick({ importance: true, alpha: true, clusters: true, seed: true });
export type ComparedCalibration = ReadOnly<z.infer<typeof calibrationSchema>>;

export const comparisonSchema = z.object({
  version: z.literal(1),
  model: z.object({
    name: z.string(),
    sourceSha256: z.string(),
    layers: z.int().positive(),
    parameters: z.int().positive(),
    /** how many tokens a picture takes: what its scores depend on; null without a vision encoder */
    imageTokens: z.object({ min: z.int().positive(), max: z.int().positive() }).nullable(),
  }),
  rungs: z.object({ high: z.string(), low: z.string() }),
  contextTokens: z.int().positive(),
  /** the one that every row is of unless its own fields say something else */
  calibration: calibrationSchema,
  /** what `accuracy` counts, on its own scale from 0 to `max` */
  task: z
    .object({ name: z.string(), metric: z.string(), max: z.number(), questions: z.int().positive() })
    .nullable(),
  /** per layer, of the calibration that everything else is compared with; bits */
  entropies: z.array(entropyBitsSchema),
  /** ordering → layers, the one that goes low first in front */
  orders: z.record(z.string(), z.array(z.int().nonnegative())),
  /** Kendall's τ of each pair of orders */
  taus: z.array(z.object({ a: z.string(), b: z.string(), tau: z.number() })),
  rows: z.array(comparedSchema),
  machine: z.object({
    cpu: z.string(),
    /** llama.cpp's build that computed, as in "haswell" */
    cpuVariant: z.string().default('unknown'),
    threads: z.int().positive(),
    llamaCpp: z.string(),
    /** what multiplied; comparisons of earlier versions don't say */
    kernels: z.enum(KERNELS).optional(),
  }),
});
export type Comparison = ReadOnly<z.infer<typeof comparisonSchema>>;
