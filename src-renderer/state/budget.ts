import type { FitPreview } from '../../src-main/contract/fit-job.ts';
import type { Memory } from '../../src-main/contract/fit-report.ts';
import type { LaptopView } from '../../src-main/contract/laptop.ts';

/** What a memory budget means for one model on one laptop: pure arithmetic over a preview that is there already. */

export type Verdict = 'comfortable' | 'tight' | 'wont-fit';

/** Where the slider starts and ends: every budget that changes anything, and a little beyond on both sides. */
export interface BudgetRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** the least the model can be brought to */
  readonly least: number;
  /** what it takes with no layer ultra-low */
  readonly most: number;
}

const BEYOND_SHARE = 0.08;
const SLIDER_STEPS = 200;

export function budgetRange(preview: FitPreview): BudgetRange {
  const totals = preview.byLowLayers.map(({ memory }) => memory.totalBytes);
  const least = Math.min(...totals);
  const most = Math.max(...totals);
  const beyond = Math.max(1, Math.round((most - least) * BEYOND_SHARE));
  const from = Math.max(1, least - beyond);
  const to = most + beyond;
  return { from, to, step: Math.max(1, Math.floor((to - from) / SLIDER_STEPS)), least, most };
}

/** The fewest ultra-low layers that fit the budget (LUQ, step 4); null when none does. */
export function lowLayersFor(preview: FitPreview, budgetBytes: number): number | null {
  const index = preview.byLowLayers.findIndex(({ memory }) => memory.totalBytes <= budgetBytes);
  return index < 0 ? null : index;
}

/** How this much memory sits beside what the machine is doing now. */
export function verdictOn(bytes: number, view: LaptopView): Verdict {
  if (bytes <= view.budget.bytes) return 'comfortable';
  return bytes <= view.laptop.memory.availableBytes ? 'tight' : 'wont-fit';
}

/**
 * Where the slider stands at first. The model that comes with the app fits any laptop whole, so that the recommended budget
 * would show nothing: it starts in the middle, as `snug demo` does.
 */
export function firstBudget(range: BudgetRange, view: LaptopView, builtIn: boolean): number {
  if (builtIn) return Math.round((range.least + range.most) / 2);
  return Math.min(range.to, Math.max(range.from, view.budget.bytes));
}

export interface Zone {
  readonly verdict: Verdict;
  /** share of the slider's length */
  readonly share: number;
}

/** The slider's length cut into what fits comfortably, tightly, and not at all. */
export function zonesOf(range: BudgetRange, view: LaptopView): readonly Zone[] {
  const within = (bytes: number): number => Math.min(range.to, Math.max(range.least, bytes));
  const comfortable = within(view.budget.bytes);
  const tight = Math.max(comfortable, within(view.laptop.memory.availableBytes));
  const zones: readonly { verdict: Verdict; bytes: number }[] = [
    { verdict: 'wont-fit', bytes: range.least - range.from },
    { verdict: 'comfortable', bytes: comfortable - range.least },
    { verdict: 'tight', bytes: tight - comfortable },
    { verdict: 'wont-fit', bytes: range.to - tight },
  ];
  const length = range.to - range.from;
  return zones
    .filter(({ bytes }) => bytes > 0)
    .map(({ verdict, bytes }) => ({ verdict, share: bytes / length }));
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
