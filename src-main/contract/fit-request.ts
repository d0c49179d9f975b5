import { z } from 'zod';
import type { ReadOnly } from './read-only.ts';
import { RUNGS, rungsSchema } from './rungs.ts';

/**
 * Orders in which layers go ultra-low. The paper's is by ascending entropy; the others show what that order is worth.
 *
 * - `entropy-descending`: from the highest entropy down, the paper's own counter-check;
 * - `depth`: from the first layer on;
 * - `random`: shuffled by a seed;
 * - `edge-protected`: by ascending entropy, with the first and the last layer after all others;
 * - `sensitivity`: by the divergence measured with one layer low at a time, least harmful first.
 */
export const ORDERINGS = [
  'entropy',
  'entropy-descending',
  'depth',
  'random',
  'edge-protected',
  'sensitivity',
] as const;
export type Ordering = (typeof ORDERINGS)[number];

/**
 * How a plan is chosen.
 *
 * - `best`: a type for every tensor, the paper's plan and the best files of one type are measured, and the nearest to the source wins;
 * - `luq`: the paper's plan: two rungs, and an order of layers;
 * - `uniform`: one file type for the whole model.
 */
export const PLAN_KINDS = ['best', 'luq', 'uniform'] as const;
export type PlanKind = (typeof PLAN_KINDS)[number];

/** As requests, reports and files have it, those of earlier versions too, which said `paper` for luq and `auto` for best. */
export const planKindSchema = z.enum([...PLAN_KINDS, 'paper', 'auto']).transform((kind): PlanKind => {
  if (kind === 'paper') return 'luq';
  return kind === 'auto' ? 'best' : kind;
});

/**
 * How weights are rounded, in a file.
 *
 * - `plain`: each by itself, the bytes that llama-quantize writes;
 * - `fed`: what one weight gets wrong, those after it make good, as far as the calibration's inputs go together.
 */
export const ROUNDINGS = ['plain', 'fed'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** … and as it is asked for: `auto` measures the plan that was chosen in both ways and takes the one that is nearer to the source. */
export const ASKED_ROUNDINGS = [...ROUNDINGS, 'auto'] as const;
export type AskedRounding = (typeof ASKED_ROUNDINGS)[number];

/** What goes through the layers while calibrating: the source as it is, or a copy in Q8_0, which most processors multiply faster. */
export const CALIBRATED_WITH = ['source', 'q8_0'] as const;
export type CalibratedWith = (typeof CALIBRATED_WITH)[number];

/** … and as it is asked for: `auto` takes the copy where this machine is faster with it and has room for it. */
export const CALIBRATE_WITH = ['auto', ...CALIBRATED_WITH] as const;
export type CalibrateWith = (typeof CALIBRATE_WITH)[number];

/** Whole models that are measured before the best plan is chosen, to sharpen what is known of the tensors. */
export const MOST_TRIALS = 40;

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
  /** how the plan is chosen; by default what else is asked for says it: an order, rungs or layers luq, a file type uniform, nothing best */
  plan: planKindSchema.optional(),
  /** of a uniform plan; the largest that fits when absent */
  fileType: z.enum(RUNGS).optional(),
  /** of a best plan: how many trials sharpen it */
  trials: z.int().nonnegative().max(MOST_TRIALS).optional(),
  /** of a best plan: predicted tokens per second, at least */
  minTokensPerSecond: z.number().positive().optional(),
  /** the order in which layers go low; default the model's own, else entropy */
  ordering: z.enum(ORDERINGS).optional(),
  /** refuses a plan beyond this mean KL divergence from the source, in nats */
  maxKld: z.number().positive().optional(),
  /** refuses a plan that prefers the source's token at a smaller share of positions */
  minAgreement: z.number().min(0).max(1).optional(),
  /** default plain */
  rounding: z.enum(ASKED_ROUNDINGS).optional(),
  /** default Q4_K_M, IQ1_M */
  rungs: rungsSchema.optional(),
  contextTokens: z.int().positive().optional(),
  alpha: z.number().min(0).max(1).optional(),
  seed: z.int().nonnegative().optional(),
  clusters: z.int().min(2).optional(),
  calibrationTokens: z.int().positive().optional(),
  /** default auto */
  calibrateWith: z.enum(CALIBRATE_WITH).optional(),
  calibrationFolder: z.string().optional(),
  imageMaxTokens: z.int().positive().optional(),
  visionType: z.enum(['Q8_0']).optional(),
  threads: z.int().positive().optional(),
  /** also writes the model with every layer on the high rung, to be measured beside the result */
  compare: z.boolean().optional(),
});
export type FitRequest = ReadOnly<z.infer<typeof fitRequestSchema>>;
