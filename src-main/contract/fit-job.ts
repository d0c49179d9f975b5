import { z } from 'zod';
import type { ErrorData } from './errors.ts';
import type { EntropyBits, FitReport } from './fit-report.ts';
import { MOST_TRIALS, ORDERINGS, planKindSchema, type Ordering, type PlanKind } from './fit-request.ts';
import type { Progress } from './progress.ts';
import type { Remedy } from './remedies.ts';
import type { PlanPreview } from './workers/compress.ts';
import { MOST_CONTEXT_TOKENS, MOST_PICTURE_TOKENS } from './token-limits.ts';

export interface LayerEntropyView extends EntropyBits {
  readonly layer: number;
}

/** How long a fit will take. */
export interface ExpectedTime {
  readonly seconds: number;
  /** from an earlier fit on this machine; else a rough guess */
  readonly measured: boolean;
}

/** What a fit would give at every size that it could have, so that a slider can redraw without asking again. */
export interface FitPreview extends Pick<
  PlanPreview,
  'rungs' | 'contextTokens' | 'byLowLayers' | 'frontier' | 'source'
> {
  readonly modelId: string;
  /** what the smallest of these would take with one thing or another given up, least costly first */
  readonly savings: readonly { readonly remedies: readonly Remedy[]; readonly totalBytes: number }[];
  readonly expectedTime: ExpectedTime;
  /** what a kept calibration says; null before the first */
  readonly calibration: {
    readonly entropies: readonly LayerEntropyView[];
    /** null where it has to be measured first */
    readonly order: readonly number[] | null;
  } | null;
}

export type FitJobState = 'running' | 'paused' | 'cancelled' | 'failed' | 'done';

/** One press of the button, from start to end; kept over restarts. */
export interface FitJob {
  readonly id: string;
  readonly modelId: string;
  readonly modelName: string;
  readonly budgetBytes: number;
  readonly contextTokens: number;
  readonly state: FitJobState;
  readonly progress: Progress | null;
  /** share of the whole job done, 0 to 1 */
  readonly share: number;
  /** from measured throughput; null while too little is known */
  readonly secondsLeft: number | null;
  /** fills in while calibrating */
  readonly entropies: readonly LayerEntropyView[];
  readonly lowLayers: number | null;
  /** the low layers, once the plan is made; fits of earlier versions do not say */
  readonly low?: readonly number[] | null;
  /** the rung of each layer, once the plan is made; fits of earlier versions do not say */
  readonly layerRungs?: readonly string[] | null;
  readonly error: ErrorData | null;
  readonly report: FitReport | null;
  /** the library's entry of the result */
  readonly outputId: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface FitStart {
  readonly modelId: string;
  readonly budgetBytes: number;
  readonly contextTokens: number;
  readonly imageMaxTokens?: number | undefined;
  readonly visionType?: 'Q8_0' | undefined;
  readonly calibrationFolder?: string | undefined;
  readonly compare?: boolean | undefined;
  /** how the plan is chosen; default best */
  readonly plan?: PlanKind | undefined;
  /** of a best plan: how many trials sharpen it */
  readonly trials?: number | undefined;
  /** of a best plan: predicted tokens per second, at least */
  readonly minTokensPerSecond?: number | undefined;
  /** the order in which layers go low; default the model's own, else entropy */
  readonly ordering?: Ordering | undefined;
  /** least share of positions where the result has to prefer the source's token, 0 to 1 */
  readonly minAgreement?: number | undefined;
}

/** Fitting as jobs: one runs at a time; paused and interrupted ones go on where they were. */
export interface FitJobService {
  /** At once with what is known; with `measure` kernels never timed here are timed first, which takes some seconds. */
  preview(
    argument: Pick<
      FitStart,
      | 'modelId'
      | 'contextTokens'
      | 'imageMaxTokens'
      | 'visionType'
      | 'plan'
      | 'ordering'
      | 'minTokensPerSecond'
    > & {
      measure?: boolean | undefined;
    },
  ): Promise<FitPreview>;
  /** What a person should know before starting: on battery, little disk. */
  warnings(argument: FitStart): Promise<readonly string[]>;
  start(argument: FitStart): Promise<FitJob>;
  /** Stops the work and keeps what is done. A failed fit is put away by `cancel`. */
  pause(argument: { jobId: string }): Promise<FitJob>;
  resume(argument: { jobId: string }): Promise<FitJob>;
  cancel(argument: { jobId: string }): Promise<FitJob>;
  /** The picture of a finished fit's answer as a data: address; null where it has none, or it is no longer there. */
  picture(argument: { jobId: string; answer: number }): Promise<string | null>;
  /** newest first */
  list(argument: Record<string, never>): Promise<readonly FitJob[]>;
}

const id = z.string().min(1).max(64);
const start = z.strictObject({
  modelId: id,
  budgetBytes: z.int().positive(),
  contextTokens: z.int().positive().max(MOST_CONTEXT_TOKENS),
  imageMaxTokens: z.int().positive().max(MOST_PICTURE_TOKENS).optional(),
  visionType: z.enum(['Q8_0']).optional(),
  calibrationFolder: z.string().min(1).max(32_768).optional(),
  compare: z.boolean().optional(),
  plan: planKindSchema.optional(),
  trials: z.int().nonnegative().max(MOST_TRIALS).optional(),
  minTokensPerSecond: z.number().positive().optional(),
  ordering: z.enum(ORDERINGS).optional(),
  minAgreement: z.number().min(0).max(1).optional(),
});
const job = z.strictObject({ jobId: id });

export const fitArguments = {
  preview: start
    .pick({
      ...{ modelId: true, contextTokens: true, imageMaxTokens: true, visionType: true },
      ...{ plan: true, ordering: true, minTokensPerSecond: true },
    })
    .extend({ measure: z.boolean().optional() }),
  warnings: start,
  start,
  pause: job,
  resume: job,
  cancel: job,
  picture: job.extend({ answer: z.int().nonnegative().max(1000) }),
  list: z.strictObject({}),
};
