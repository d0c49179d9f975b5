import { z } from 'zod';
import { compareRequestSchema, comparisonSchema } from '../comparison.ts';
import { entropyBitsSchema, fitReportSchema, memorySchema } from '../fit-report.ts';
import { fitRequestSchema } from '../fit-request.ts';
import { laptopViewSchema } from '../laptop.ts';
import { progressSchema, STAGES } from '../progress.ts';
import type { ReadOnly } from '../read-only.ts';
import { remedySchema } from '../remedies.ts';
import { rungsSchema } from '../rungs.ts';
import { defineMethod, defineWorker, type WorkerClient } from './worker-contract.ts';

const profileRequestSchema = z.object({
  modelsFolder: z.string(),
  /** whose matrix shapes to probe; those of Qwen2.5-VL-7B when absent */
  modelPath: z.string().optional(),
  probe: z.boolean(),
});
export type ProfileRequest = ReadOnly<z.infer<typeof profileRequestSchema>>;

const kernelReportSchema = z.object({
  type: z.string(),
  /** in the layout that takes much more room than in the file (Memory.wide); in the usual one when absent */
  wide: z.boolean().optional(),
  /** weights multiplied per second, as many bytes as in the file, over the model's matrices as one token passes them */
  gigabytesPerSecond: z.number(),
  /** upper bound for a model whose matrices all have this type */
  predictedTokensPerSecond: z.number(),
});
export type KernelReport = ReadOnly<z.infer<typeof kernelReportSchema>>;

const profileReportSchema = laptopViewSchema.extend({
  probedModel: z.string().nullable(),
  kernels: z.array(kernelReportSchema),
});
export type ProfileReport = ReadOnly<z.infer<typeof profileReportSchema>>;

const planOutcomeSchema = z.object({
  fileBytes: z.number(),
  memory: memorySchema,
  /** null until the kernels of the needed types have been measured here */
  tokensPerSecond: z.number().nullable(),
  /** the same where a budget leaves room for wide layouts (Memory.wide); null where there are none beyond `memory`, or they are slower */
  wide: z.object({ memory: memorySchema, tokensPerSecond: z.number().nullable() }).nullable(),
});
export type PlanOutcome = ReadOnly<z.infer<typeof planOutcomeSchema>>;

/** A plan that is not of layers, and how near it is predicted to come to the source. */
const foreseenPlanSchema = planOutcomeSchema.extend({
  bitsPerWeight: z.number(),
  /** mean KL divergence from the source, predicted */
  nats: z.number(),
  /** per layer its file type, or the one that llama.cpp would call it by */
  layerRungs: z.array(z.string()),
});
export type ForeseenOutcome = ReadOnly<z.infer<typeof foreseenPlanSchema>>;

/** What a fit would need and give at every size that it could have. */
const planPreviewSchema = z.object({
  rungs: rungsSchema,
  contextTokens: z.number(),
  /** those that the fit would compute with */
  threads: z.int().positive(),
  /** with k = 0, 1, … layers low */
  byLowLayers: z.array(planOutcomeSchema),
  /** of a plan that is not of layers: by ascending memory, what the largest that fits a budget would be; null of the paper's */
  frontier: z.array(foreseenPlanSchema).nullable(),
  source: z.object({ fileBytes: z.number(), memory: memorySchema }),
  /** what the smallest plan would take with one thing or another given up */
  savings: z.array(z.object({ label: z.string(), remedies: z.array(remedySchema), totalBytes: z.number() })),
  /** what an earlier calibration says; no order where that has to be measured first */
  calibration: z
    .object({ entropies: z.array(entropyBitsSchema), order: z.array(z.number()).nullable() })
    .optional(),
});
export type PlanPreview = ReadOnly<z.infer<typeof planPreviewSchema>>;

const sizeSchema = z.object({ fileBytes: z.number(), memory: memorySchema });

/** What a model would take, by its headers alone: its weights need not be there. */
const sizedModelSchema = z.object({
  contextTokens: z.number(),
  /** as it is */
  source: sizeSchema,
  /** null where it has lost too much to be fitted */
  fit: z
    .object({
      /** with all layers at either rung */
      high: sizeSchema,
      low: sizeSchema,
      /** of disk, where Snug works and where models are kept */
      workBytes: z.number(),
      resultBytes: z.number(),
      /** that it would compute with */
      threads: z.int().positive(),
    })
    .nullable(),
});
export type SizedModel = ReadOnly<z.infer<typeof sizedModelSchema>>;

const sizeRequestSchema = z.object({
  modelPath: z.string(),
  mmprojPath: z.string().optional(),
  home: z.string(),
  contextTokens: z.int().positive(),
  threads: z.int().positive().optional(),
});
export type SizeRequest = ReadOnly<z.infer<typeof sizeRequestSchema>>;

export const fitEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), progress: progressSchema }),
  /** before the work begins: seconds that each stage is expected to take at most */
  z.object({ kind: z.literal('expected'), stages: z.partialRecord(z.enum(STAGES), z.number()) }),
  z.object({ kind: z.literal('layer'), layer: z.number(), ...entropyBitsSchema.shape }),
  /** `low`: the layers below the high rung */
  z.object({
    kind: z.literal('plan'),
    low: z.array(z.number()),
    layerRungs: z.array(z.string()),
    memory: memorySchema,
  }),
]);
export type FitEvent = ReadOnly<z.infer<typeof fitEventSchema>>;

/** A fit's report without what running the models measures; where the vision files lie, and how many threads it computed with. */
const fittedSchema = fitReportSchema.omit({ answers: true }).extend({
  mmproj: z.object({ source: z.string().nullable(), luq: z.string().nullable() }),
  threads: z.int().positive(),
});
export type Fitted = ReadOnly<z.infer<typeof fittedSchema>>;

/** The process that looks at this laptop, and fits and compares models: one job, then it ends. */
export const compressContract = defineWorker('compress', {
  /** This laptop, what it can spare and, where that is asked for, how fast its kernels are. */
  profile: defineMethod({
    argument: profileRequestSchema,
    result: profileReportSchema,
    event: progressSchema,
    reads: ({ modelPath }) => [modelPath],
  }),
  /** What each number of low layers would need and give. With `measure` kernels never met before are timed. */
  preview: defineMethod({
    argument: z.object({ request: fitRequestSchema, measure: z.boolean() }),
    result: planPreviewSchema,
    reads: ({ request }) => [request.modelPath, request.mmprojPath],
  }),
  /** What a model would take that is not here yet: of its files there need be no more than the headers, and holes for the rest. */
  sizeUp: defineMethod({
    argument: sizeRequestSchema,
    result: sizedModelSchema,
    reads: ({ modelPath, mmprojPath }) => [modelPath, mmprojPath],
  }),
  /** Fits a model; whatever is done is on disk, and is not done again by the next run. */
  fit: defineMethod({
    argument: fitRequestSchema,
    result: fittedSchema,
    event: fitEventSchema,
    reads: ({ modelPath, mmprojPath }) => [modelPath, mmprojPath],
  }),
  /** Measures the paper's plan beside everything it could be compared with. */
  compare: defineMethod({
    argument: compareRequestSchema,
    result: comparisonSchema,
    event: progressSchema,
    reads: ({ fit }) => [fit.modelPath, fit.mmprojPath],
  }),
});
export type CompressWorker = WorkerClient<typeof compressContract>;
