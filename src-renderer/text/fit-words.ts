import { counted } from '../../src-main/contract/counted.ts';
import { candidateKind } from '../../src-main/contract/choice.ts';
import { closeness } from '../../src-main/contract/closeness.ts';
import type { FitJob, FitPreview } from '../../src-main/contract/fit-job.ts';
import type { Candidate, Divergence, FitReport } from '../../src-main/contract/fit-report.ts';
import { hasOtherRungs } from '../../src-main/contract/low-layers.ts';
import { STAGES, type Progress, type Stage } from '../../src-main/contract/progress.ts';
import { formatBytes, formatCount, formatPercent, formatSeconds } from './format.ts';
import { FIT_METHODS, METHOD_WORDS } from './fit-methods.ts';

/** What the fit page calls things. Plain words first; the field's own words stand under "Details". */

export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  profile: 'Checking this laptop',
  hash: 'Reading the model’s file',
  convert: 'Making a copy to calibrate with',
  load: 'Loading the model',
  calibrate: 'Calibrating with pictures and text',
  entropy: 'Measuring each layer',
  reference: 'Recording the original’s answers',
  plan: 'Choosing the layers',
  choose: 'Trying layer plans',
  quantize: 'Compressing layers',
  assemble: 'Writing the new file',
  check: 'Checking it against the original',
  measure: 'Measuring memory and speed',
};

/** How a model sits in this laptop's memory. */
export type Verdict = 'comfortable' | 'tight' | 'wont-fit';

export const VERDICTS: Readonly<Record<Verdict, { readonly title: string; readonly text: string }>> = {
  comfortable: { title: 'Comfortable', text: 'Leaves room for your other programs.' },
  tight: {
    title: 'Tight',
    text: 'Fits while other programs are closed; with them the laptop may become slow.',
  },
  'wont-fit': { title: 'Won’t fit', text: 'More than this laptop can spare.' },
};

export interface StageRow {
  readonly step: Stage;
  readonly title: string;
  readonly state: 'done' | 'now' | 'later';
}

export function stageRows(job: FitJob): readonly StageRow[] {
  const stage = job.progress?.stage;
  const now = stage === undefined ? 0 : STAGES.indexOf(stage);
  const rows = STAGES.map((each, index): StageRow => ({
    step: each,
    title: STAGE_TITLES[each],
    state: job.state === 'done' || index < now ? 'done' : index === now ? 'now' : 'later',
  }));
  // most fits choose without trying, and many calibrate with the source itself
  return rows.filter(({ step }) => (step !== 'choose' && step !== 'convert') || step === stage);
}

/** 12 of 28 layers, 1.20 GiB of 4.36 GiB. */
export function progressAmount({ done, total, unit }: Progress): string {
  if (unit === 'bytes') return `${formatBytes(done)} of ${formatBytes(total)}`;
  return `${formatCount(Math.floor(Math.min(done, total)))} of ${counted(total, unit.replace(/s$/, ''))}`;
}

export function timeLeft(job: FitJob): string {
  if (job.state === 'paused') return 'Paused';
  if (job.secondsLeft === null) return 'Estimating the time left';
  return `About ${formatSeconds(roundedSeconds(job.secondsLeft))} left`;
}

/** An estimate is not written to the second. */
function roundedSeconds(seconds: number): number {
  const step = seconds < 20 ? 1 : seconds < 90 ? 5 : seconds < 3600 ? 60 : 300;
  return Math.max(1, Math.round(seconds / step) * step);
}

/** How close a compressed model stays to its original, in numbers and, unless they are `said` already, words. */
export function agreement(divergence: Divergence, said?: string): string {
  const { words } = closeness(divergence);
  const share = formatPercent(divergence.topAgreement);
  return `picks the same next word as the original ${share} of the time${words === said ? '' : `: ${words}`}`;
}

/** A plan that was tried. */
export function candidateTitle(candidate: Pick<Candidate, 'name'>): string {
  const { name } = candidate;
  switch (candidateKind(candidate)) {
    case 'tensors':
      return 'A type for every tensor';
    case 'ladder':
      return 'A type for every layer, by measured harm';
    case 'uniform':
      return `Everything at ${name}`;
    case 'luq':
      return METHOD_WORDS[FIT_METHODS.find((one) => one === name) ?? 'entropy'].title;
  }
}

/** How a finished fit's layers came out, in a line. */
export function planLine({ plan, candidates, layers }: FitReport): string {
  if (candidates.length > 0) return `best of ${candidates.length} that were tried`;
  if (plan.family === 'source') return 'as the original';
  if (plan.family === 'uniform') return `${layers[0]?.rung ?? 'one type'} everywhere`;
  return `${plan.lowLayers} of ${plan.layers} layers ultra-low`;
}

/** Pieces of a path after the last separator of either kind. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

/** What the layers have: the two rungs of the fit, or how many layers each has in a plan of more. */
export function layerTypes(
  rungs: FitPreview['rungs'],
  report: FitReport | null,
): readonly (readonly [label: string, type: string])[] {
  const byRung = Map.groupBy(report?.layers ?? [], ({ rung }) => rung);
  if (hasOtherRungs([...byRung.keys()], rungs))
    return [...byRung].map(([rung, { length }]) => [counted(length, 'layer'), rung]);
  return [
    ['4-bit layers', rungs.high],
    ['ultra-low layers', rungs.low],
  ];
}

/** Tensor type → how many of the layers' tensors have it, most first. */
export function typeCounts(report: FitReport): readonly (readonly [type: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { types } of report.layers) {
    for (const [type, count] of Object.entries(types)) counts.set(type, (counts.get(type) ?? 0) + count);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1]);
}

/** `IQ3_M, 3.87 bits per weight`; the rung alone where its bits are not known. */
export function rungWords({ rung, bitsPerWeight }: { rung: string; bitsPerWeight: number | null }): string {
  return bitsPerWeight === null ? rung : `${rung}, ${bitsPerWeight.toFixed(2)} bits per weight`;
}
