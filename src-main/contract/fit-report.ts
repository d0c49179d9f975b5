import { z } from 'zod';
import { CALIBRATED_WITH, planKindSchema } from './fit-request.ts';
import type { ReadOnly } from './read-only.ts';

/**
 * What `snug fit --json` and `snug demo --json` print: one object. Bytes are bytes, entropies are bits, rates are per second;
 * null where something was not measured or does not apply.
 */

const bytes = z.int().nonnegative();
const rate = z.number().nonnegative().nullable();

export const laptopSchema = z.object({
  cpu: z.object({
    brand: z.string(),
    architecture: z.string(),
    physicalCores: z.int().positive(),
    performanceCores: z.int().positive(),
    logicalCores: z.int().positive(),
    /** vector features that llama.cpp's chosen CPU variant uses */
    vectorFeatures: z.array(z.string()),
    /** llama.cpp's build that computed, as in "haswell": another one sums in another order, and near entropies change places */
    variant: z.string().default('unknown'),
    /** Snug's own kernels for the lowest types, as in "AVX2"; empty where llama.cpp's multiply with all */
    kernels: z.string().default(''),
    /** the types that Snug's multiply with */
    kernelTypes: z.array(z.string()).default([]),
    /** why Snug's do not run although they were wanted, as a clause */
    whyNoKernels: z.string().default(''),
  }),
  memory: z.object({
    totalBytes: bytes,
    availableBytes: bytes,
    swapTotalBytes: bytes,
    swapFreeBytes: bytes,
    /** what a container leaves of the machine's; null without one */
    limitBytes: bytes.nullable().default(null),
  }),
  disk: z.object({ folder: z.string(), freeBytes: bytes }),
  power: z.object({ onBattery: z.boolean(), batteryPercent: z.number().nullable() }),
  gpus: z.array(z.object({ name: z.string(), memoryBytes: bytes.nullable() })),
  system: z.object({ platform: z.string(), release: z.string() }),
  warnings: z.array(z.string()),
});
export type Laptop = ReadOnly<z.infer<typeof laptopSchema>>;

export const budgetSchema = z.object({
  bytes,
  source: z.enum(['recommended', 'chosen']),
  /** how a recommended budget came about: what there is, minus what is left for others */
  reasoning: z.array(z.object({ label: z.string(), bytes: z.int() })),
});
export type Budget = ReadOnly<z.infer<typeof budgetSchema>>;

export const memorySchema = z.object({
  /** tensor data of the text model's file */
  weightsBytes: bytes,
  visionWeightsBytes: bytes,
  kvCacheBytes: bytes,
  /** scratch of the text model's graph */
  computeBytes: bytes,
  /** scratch of the vision encoder at the model's largest picture */
  visionComputeBytes: bytes,
  /** what the text model's weights take beyond their file, where llama.cpp arranges them for this processor; 0 on most */
  rearrangedBytes: bytes.default(0),
  /** whether weights lie in layouts that take much more room than in the file, for Snug's fastest kernels; they don't when absent */
  wide: z.boolean().optional(),
  totalBytes: bytes,
});
export type Memory = ReadOnly<z.infer<typeof memorySchema>>;

/** Bits of a layer: of all tokens, and of those from pictures and from text. */
export const entropyBitsSchema = z.object({
  /** mean over the seeds */
  both: z.number(),
  /** of that mean, by seeds and by which tokens were sampled; null in reports of one seed */
  standardError: z.number().nonnegative().nullable().default(null),
  image: z.number().nullable(),
  text: z.number().nullable(),
});
export type EntropyBits = ReadOnly<z.infer<typeof entropyBitsSchema>>;

const layerSchema = z.object({
  index: z.int().nonnegative(),
  entropyBits: entropyBitsSchema,
  /** place in the ascending order; 0 goes ultra-low first */
  rank: z.int().nonnegative(),
  /** its file type; of a plan without rungs the one that llama.cpp would name it by: that of most of its matrices */
  rung: z.string(),
  /** of its tensors; null in reports of earlier versions */
  bitsPerWeight: z.number().nullable().default(null),
  /** tensor type → how many of the layer's tensors have it */
  types: z.record(z.string(), z.int().positive()),
});
export type LayerReport = ReadOnly<z.infer<typeof layerSchema>>;

/** What a plan is made of: two rungs in an order of layers; one file type; a type for every tensor; the source as it is. */
export const PLAN_FAMILIES = ['luq', 'uniform', 'tensors', 'source'] as const;
export type PlanFamily = (typeof PLAN_FAMILIES)[number];

const planSchema = z.object({
  /** how it was chosen */
  kind: planKindSchema,
  /** what was chosen */
  family: z.enum(PLAN_FAMILIES).default('luq'),
  ordering: z.string(),
  rungs: z.object({ high: z.string(), low: z.string() }),
  /** k: how many layers go to the low rung; 0 where the plan is not of two rungs */
  lowLayers: z.int().nonnegative(),
  layers: z.int().positive(),
  order: z.array(z.int().nonnegative()),
  /** layers that go by entropy and can't be told from one on the other side of the cut (luq/entropy/statistics.ts) */
  undecided: z.array(z.int().nonnegative()).default([]),
  /** which of those went low: the ones whose outputs lose less, or whichever had the lower entropy */
  undecidedBy: z.enum(['errors', 'entropy']).default('entropy'),
  contextTokens: z.int().positive(),
  visionType: z.string().nullable(),
  predictedMemory: memorySchema,
  predictedTokensPerSecond: rate,
  /**
   * of fed rounding: tensors that were quantized, those whose blocks are not the plain ones, and in the mean over these how much smaller
   * their output error on held-out inputs is than that of plain blocks; null of plain rounding
   */
  fed: z
    .object({
      tensors: z.int().nonnegative(),
      fed: z.int().nonnegative(),
      meanGain: z.number().nullable(),
    })
    .nullable()
    .default(null),
  /** divergences in nats of the same plan in both roundings, where the nearer one was looked for; null where it was not */
  roundings: z.object({ plain: z.number().nullable(), fed: z.number().nullable() }).nullable().default(null),
  /** tensors whose rows do not divide into the wanted type's blocks and what llama.cpp's rules give them instead */
  fallbacks: z.array(z.object({ tensor: z.string(), columns: z.int().positive(), type: z.string() })),
});
export type PlanReport = ReadOnly<z.infer<typeof planSchema>>;

const fileSchema = z.object({
  path: z.string().nullable(),
  bytes,
  bitsPerWeight: z.number(),
  predictedMemory: memorySchema,
  /** memory the process took beyond what it had before loading, at its highest; measured by running the model */
  peakMemoryBytes: bytes.nullable(),
  tokensPerSecond: rate,
  promptTokensPerSecond: rate,
});
export type FileReport = ReadOnly<z.infer<typeof fileSchema>>;

const divergenceSchema = z.object({
  tokens: z.int().nonnegative(),
  /** KL divergence source ‖ compressed over next-token distributions, in nats; null when it is not finite or was not measured */
  meanKld: z.number().nullable(),
  medianKld: z.number().nullable(),
  p90Kld: z.number().nullable(),
  p99Kld: z.number().nullable(),
  /** share of positions where both prefer the same token */
  topAgreement: z.number(),
  /** of the tokens that follow, and what the source has there */
  perplexity: z.number().nullable(),
  sourcePerplexity: z.number().nullable(),
  /** share of positions at which the source gives the token that follows less than a guess would; null in earlier reports */
  belowChance: z.number().nullable().default(null),
  /** whether the source knows what it reads here (contract/familiarity.ts); null in earlier reports */
  sourceKnows: z.boolean().nullable().default(null),
});
export type Divergence = ReadOnly<z.infer<typeof divergenceSchema>>;

export const qualitySchema = z.object({
  /** where answers about pictures are given, with the picture seen */
  image: divergenceSchema.nullable(),
  text: divergenceSchema.nullable(),
  /** how many of the source's own greedy answers to held-out questions the compressed model gives word for word */
  answers: z.object({ asked: z.int().positive(), same: z.int().nonnegative() }).nullable(),
});
export type Quality = ReadOnly<z.infer<typeof qualitySchema>>;

/** What running a fit's result has shown; it lies beside the file, which was written before. */
export const measuredFitSchema = z.object({
  quality: qualitySchema,
  tokensPerSecond: rate,
  promptTokensPerSecond: rate,
  peakMemoryBytes: bytes.nullable(),
  /** the processor that it ran on */
  cpu: z.string(),
});
export type MeasuredFit = ReadOnly<z.infer<typeof measuredFitSchema>>;

const checkSchema = qualitySchema.extend({
  coherent: z.boolean(),
  reasons: z.array(z.string()),
});
export type Check = ReadOnly<z.infer<typeof checkSchema>>;

/** A plan that was measured, to choose from. */
const candidateSchema = z.object({
  /**
   * the order in which layers go low (entropy is the paper's), the file type of a uniform one, tensors for a type for every tensor,
   * source for the source as it is; ladder, in reports of earlier versions, for a rung for every layer
   */
  name: z.string(),
  /** k of one in an order of layers; null elsewhere, and in reports of earlier versions */
  lowLayers: z.int().nonnegative().nullable().default(null),
  weightsBytes: bytes,
  /** predicted memory in all */
  totalBytes: bytes,
  quality: qualitySchema,
  /** predicted */
  tokensPerSecond: rate,
  chosen: z.boolean(),
});
export type Candidate = ReadOnly<z.infer<typeof candidateSchema>>;

const answerSchema = z.object({
  question: z.string(),
  picture: z.string().nullable(),
  source: z.string().nullable(),
  /** of the model with every layer on the high rung; stored reports call it by the usual one */
  q4km: z.string().nullable(),
  luq: z.string(),
});
export type Answer = ReadOnly<z.infer<typeof answerSchema>>;

const calibrationSchema = z.object({
  set: z.string(),
  alpha: z.number().min(0).max(1),
  seed: z.int(),
  sequences: z.int().positive(),
  tokens: z.int().positive(),
  imageTokens: z.int().nonnegative(),
  sampledTokens: z.int().positive(),
  clusters: z.int().positive(),
  /** of k-means; entropies are the mean over them */
  seeds: z.int().positive().default(1),
  /**
   * Kendall's τ of the layer order between halves of the seeds (against another one where there was one alone) and between halves of the
   * sampled tokens
   */
  stability: z.object({ kendallTauSeeds: z.number(), kendallTauHalves: z.number().nullable() }),
  reused: z.boolean(),
  /** what went through the layers: the source, or a copy in Q8_0 where that was faster; reports of earlier versions say nothing */
  calibratedWith: z.enum(CALIBRATED_WITH).default('source'),
});
export type CalibrationReport = ReadOnly<z.infer<typeof calibrationSchema>>;

export const fitReportSchema = z.object({
  version: z.literal(1),
  model: z.object({
    name: z.string(),
    architecture: z.string(),
    parameters: z.int().positive(),
    sourceSha256: z.string(),
    imageTokens: z.object({ min: z.int(), max: z.int() }).nullable(),
  }),
  profile: laptopSchema,
  budget: budgetSchema,
  calibration: calibrationSchema,
  layers: z.array(layerSchema),
  plan: planSchema,
  candidates: z.array(candidateSchema),
  /** `q4km`: with every layer on the high rung; stored reports call it by the usual one */
  files: z.object({ source: fileSchema, q4km: fileSchema, luq: fileSchema }),
  check: checkSchema,
  answers: z.array(answerSchema),
  warnings: z.array(z.string()),
  /** seconds per stage */
  timings: z.record(z.string(), z.number().nonnegative()),
});
export type FitReport = ReadOnly<z.infer<typeof fitReportSchema>>;

export function measuredFit({
  check,
  files,
  profile,
}: Pick<FitReport, 'check' | 'files' | 'profile'>): MeasuredFit {
  const { image, text, answers } = check;
  const { tokensPerSecond, promptTokensPerSecond, peakMemoryBytes } = files.luq;
  return {
    quality: { image, text, answers },
    ...{ tokensPerSecond, promptTokensPerSecond, peakMemoryBytes },
    cpu: profile.cpu.brand,
  };
}
