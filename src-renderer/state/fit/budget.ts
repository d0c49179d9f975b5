import type { FitPreview } from '../../../src-main/contract/fit-job.ts';
import type { Memory } from '../../../src-main/contract/fit-report.ts';
import { fewestLowLayers } from '../../../src-main/contract/low-layers.ts';
import type { MemoryLimits } from '../../../src-main/contract/laptop.ts';
import { showcaseBudget } from '../../../src-main/contract/showcase-budget.ts';
import type { Verdict } from '../../text/fit-words.ts';

/** What a memory budget means for one model on one laptop: pure arithmetic over a preview that is there already. */

/** Where the slider starts and ends: every budget that changes anything and that this laptop could give. */
export interface BudgetRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** what the largest plan takes, which may be more than the slider offers */
  readonly most: number;
}

const SLIDER_STEPS = 200;

/** What one place of the slider gives. */
export interface Outcome {
  readonly fileBytes: number;
  readonly memory: Memory;
  readonly tokensPerSecond: number | null;
  /** memory and speed where the budget leaves room for layouts that need more and are faster; null where there are none */
  readonly wide: Pick<Outcome, 'memory' | 'tokensPerSecond'> | null;
  /** k of the paper's plan; null of others */
  readonly lowLayers: number | null;
  /** what is predicted of a plan that is not of layers */
  readonly foreseen: Pick<Foreseen, 'bitsPerWeight' | 'nats' | 'layerRungs'> | null;
}
type Foreseen = NonNullable<FitPreview['frontier']>[number];

/** All that the slider could give, smallest first. */
export function outcomesOf({ frontier, byLowLayers }: FitPreview): readonly Outcome[] {
  return frontier === null
    ? byLowLayers.map((one, lowLayers) => ({ ...one, lowLayers, foreseen: null })).reverse()
    : frontier.map((one) => ({ ...one, lowLayers: null, foreseen: one }));
}

/** The least memory that the model can be brought to. */
export function leastBytes(preview: FitPreview): number {
  return Math.min(...sizes(preview));
}

function sizes(preview: FitPreview): readonly number[] {
  return outcomesOf(preview).map(({ memory }) => memory.totalBytes);
}

/** null where not even the smallest plan is for this laptop */
export function budgetRange(preview: FitPreview, { mostBytes }: MemoryLimits): BudgetRange | null {
  const from = leastBytes(preview);
  const most = Math.max(...sizes(preview));
  if (from > mostBytes) return null;
  const step = Math.max(1, Math.ceil((most - from) / SLIDER_STEPS));
  // a slider stands on its steps only: the last one must be one that gives the most
  const steps = Math.ceil((most - from) / step);
  const within = Math.floor((mostBytes - from) / step);
  return { from, to: from + Math.min(steps, within) * step, step, most };
}

/** The largest plan that fits the budget: of the paper's, the one with the fewest ultra-low layers; null when none does. */
export function outcomeWithin(preview: FitPreview, budgetBytes: number): Outcome | null {
  if (preview.frontier !== null)
    return outcomesOf(preview).findLast(({ memory }) => memory.totalBytes <= budgetBytes) ?? null;
  const lowLayers = lowLayersFor(preview, budgetBytes);
  return outcomesOf(preview).find((one) => one.lowLayers === lowLayers) ?? null;
}

/** The fewest ultra-low layers that fit the budget; null when none does. */
export function lowLayersFor(preview: FitPreview, budgetBytes: number): number | null {
  const { byLowLayers } = preview;
  const bytesWith = (lowLayers: number): number => byLowLayers[lowLayers]?.memory.totalBytes ?? Infinity;
  return fewestLowLayers(byLowLayers.length - 1, budgetBytes, bytesWith);
}

/** How a model of this size sits in this laptop, whatever runs on it at the moment. */
export function verdictOn(bytes: number, limits: MemoryLimits): Verdict {
  if (bytes <= limits.comfortableBytes) return 'comfortable';
  return bytes <= limits.mostBytes ? 'tight' : 'wont-fit';
}

/** The largest comfortable place on the slider; null where even the smallest is tight. */
export function recommendedBudget(range: BudgetRange, { comfortableBytes }: MemoryLimits): number | null {
  if (comfortableBytes < range.from) return null;
  const steps = Math.floor((Math.min(range.to, comfortableBytes) - range.from) / range.step);
  return range.from + steps * range.step;
}

/** Where the slider stands at first; that of the model that comes with the app where `snug demo` has its budget. */
export function firstBudget(range: BudgetRange, limits: MemoryLimits, builtIn: boolean): number {
  if (builtIn) return showcaseBudget(range.from, Math.min(range.most, range.to));
  return recommendedBudget(range, limits) ?? range.from;
}

export interface Zone {
  readonly verdict: Verdict;
  /** share of the slider's length */
  readonly share: number;
}

/** The slider's length cut into what fits comfortably and what fits tightly. */
export function zonesOf(range: BudgetRange, { comfortableBytes }: MemoryLimits): readonly Zone[] {
  const length = Math.max(1, range.to - range.from);
  const comfortable = Math.min(range.to, Math.max(range.from, comfortableBytes)) - range.from;
  const zones: readonly Zone[] = [
    { verdict: 'comfortable', share: range.to <= comfortableBytes ? 1 : comfortable / length },
    { verdict: 'tight', share: range.to <= comfortableBytes ? 0 : 1 - comfortable / length },
  ];
  return zones.filter(({ share }) => share > 0);
}

export interface MemoryPart {
  readonly label: string;
  readonly bytes: number;
  readonly series: 1 | 2 | 3 | 4;
}

export function memoryParts(memory: Memory): readonly MemoryPart[] {
  return [
    { label: 'Weights', bytes: memory.weightsBytes + memory.rearrangedBytes, series: 1 },
    { label: 'Vision', bytes: memory.visionWeightsBytes, series: 2 },
    { label: 'Conversation (KV cache)', bytes: memory.kvCacheBytes, series: 3 },
    { label: 'Buffers', bytes: memory.computeBytes + memory.visionComputeBytes, series: 4 },
  ];
}
