/** The steps of the main job, in order; `reference` notes what the source says, for the check; `choose` measures plans. */
export const STAGES = [
  'profile',
  'hash',
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

export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'tokens' | 'layers' | 'sequences' | 'steps';
  /** what is being worked on right now: a tensor, a layer, a file */
  readonly detail?: string;
}

export type OnProgress = (progress: Progress) => void;
