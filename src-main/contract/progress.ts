import { z } from 'zod';
import type { ReadOnly } from './read-only.ts';

/**
 * The steps of the main job, in order; `convert` makes a copy of the source to calibrate with; `reference` notes what the source says, for
 * the check; `choose` measures plans.
 */
export const STAGES = [
  'profile',
  'hash',
  'convert',
  'load',
  'calibrate',
  'entropy',
  'reference',
  'plan',
  'choose',
  'quantize',
  'assemble',
  'check',
  'measure',
] as const;
export type Stage = (typeof STAGES)[number];

export const progressSchema = z.object({
  stage: z.enum(STAGES),
  done: z.number(),
  total: z.number(),
  unit: z.enum(['bytes', 'tokens', 'layers', 'sequences', 'steps']),
  /** what is being worked on right now: a tensor, a layer, a file */
  detail: z.string().exactOptional(),
});
export type Progress = ReadOnly<z.infer<typeof progressSchema>>;

export type OnProgress = (progress: Progress) => void;
