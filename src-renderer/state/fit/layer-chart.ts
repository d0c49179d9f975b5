import type { FitPreview, LayerEntropyView } from '../../../src-main/contract/fit-job.ts';
import type { FitReport, LayerReport, PlanReport } from '../../../src-main/contract/fit-report.ts';
import { hasOtherRungs, isLow } from '../../../src-main/contract/low-layers.ts';
import { RUNGS } from '../../../src-main/contract/rungs.ts';

type Rungs = FitPreview['rungs'];

/** What a plan makes of a layer. */
export interface PlannedLayer {
  readonly rung: string;
  /** null until its tensors have been counted */
  readonly bitsPerWeight: number | null;
  readonly low: boolean;
}

/** One layer as the chart draws it; bits of entropy are null until it has been measured. */
export interface ChartLayer {
  readonly layer: number;
  readonly both: number | null;
  /** of `both`; null where it is not known */
  readonly error: number | null;
  readonly picture: number | null;
  readonly text: number | null;
  readonly planned: PlannedLayer | null;
}

export interface ChartInputs {
  readonly layers: number;
  readonly entropies: readonly LayerEntropyView[];
  /** what becomes of each layer; null as far as that is not known */
  readonly plan: readonly PlannedLayer[] | null;
}

export function chartLayers({ layers, entropies, plan }: ChartInputs): readonly ChartLayer[] {
  const measured = new Map(entropies.map((view) => [view.layer, view]));
  // bars that go ultra-low while others still come in would read as chosen among those
  const known = measured.size >= layers ? plan : null;
  return Array.from({ length: layers }, (_, layer) => {
    const {
      both = null,
      standardError: error = null,
      image: picture = null,
      text = null,
    } = measured.get(layer) ?? {};
    return { layer, both, error, picture, text, planned: known?.[layer] ?? null };
  });
}

/** A plan of the two rungs alone. */
export function planOfTwo(layers: number, low: readonly number[], rungs: Rungs): readonly PlannedLayer[] {
  const lowOnes = new Set(low);
  return Array.from({ length: layers }, (_, layer) => ({
    rung: lowOnes.has(layer) ? rungs.low : rungs.high,
    bitsPerWeight: null,
    low: lowOnes.has(layer),
  }));
}

/** A plan that gives each layer a rung of its own. */
export function planOf(layerRungs: readonly string[], { high }: Rungs): readonly PlannedLayer[] {
  return layerRungs.map((rung) => ({ rung, bitsPerWeight: null, low: isLow(rung, high) }));
}

interface WrittenLayers {
  readonly layers: readonly Pick<LayerReport, 'rung' | 'bitsPerWeight'>[];
  readonly plan: Pick<PlanReport, 'rungs'>;
}

/** The plan that a fit was written with. */
export function writtenPlan({ layers, plan }: WrittenLayers): readonly PlannedLayer[] {
  return layers.map(({ rung, bitsPerWeight }) => ({
    rung,
    bitsPerWeight: bitsPerWeight ?? null,
    low: isLow(rung, plan.rungs.high),
  }));
}

/** One colour of the chart: the layers of a rung. */
export interface LayerKind {
  readonly rung: string;
  readonly low: boolean;
  /** mean of its layers; null where that is not known */
  readonly bitsPerWeight: number | null;
  readonly series: number;
}

/** Whether any layer gets a rung besides the two of the fit. */
export function isMixed(layers: readonly ChartLayer[], rungs: Rungs): boolean {
  return hasOtherRungs(
    layers.flatMap(({ planned }) => planned?.rung ?? []),
    rungs,
  );
}

/** The rungs to draw, those with the fewest bits first: the two of the fit, or all there are in a mixed plan. */
export function layerKinds(layers: readonly ChartLayer[], rungs: Rungs): readonly LayerKind[] {
  const planned = layers.flatMap((layer) => layer.planned ?? []);
  const known: readonly string[] = RUNGS;
  // what has no rung has more bits than any
  const bits = (rung: string) => (known.includes(rung) ? known.indexOf(rung) : known.length);
  const drawn = isMixed(layers, rungs)
    ? [...new Set(planned.map(({ rung }) => rung))].sort((a, b) => bits(a) - bits(b))
    : [rungs.low, rungs.high];
  let others = 3;
  return drawn.map((rung) => ({
    rung,
    low: isLow(rung, rungs.high),
    bitsPerWeight: meanBits(planned.filter((one) => one.rung === rung)),
    series: rung === rungs.low ? 1 : rung === rungs.high ? 2 : others++,
  }));
}

function meanBits(layers: readonly PlannedLayer[]): number | null {
  const bits = layers.flatMap(({ bitsPerWeight }) => bitsPerWeight ?? []);
  return bits.length === 0 ? null : bits.reduce((sum, one) => sum + one, 0) / bits.length;
}

export interface Scale {
  readonly lowest: number;
  readonly highest: number;
  /** lines to read values by, ascending */
  readonly ticks: readonly number[];
}

/** A layer's entropy with its error to either side. */
export function rangeOf({ both, error }: Pick<ChartLayer, 'both' | 'error'>): readonly number[] {
  return both === null ? [] : [both - (error ?? 0), both + (error ?? 0)];
}

/** Round steps a person reads easily, for about this many lines. */
const TICKS = 4;

/** Entropies of one model differ by little beside their size, so that the axis does not start at zero. */
export function chartScale(layers: readonly ChartLayer[]): Scale | null {
  const values = layers
    .flatMap(({ both, error, picture, text }) => [...rangeOf({ both, error }), picture, text])
    .filter((value): value is number => value !== null && Number.isFinite(value));
  if (values.length === 0) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const step = niceStep((high - low || Math.max(0.1, Math.abs(high) * 0.1)) / TICKS);
  const lowest = Math.floor((low - step / 4) / step) * step;
  const highest = Math.max(lowest + step, Math.ceil(high / step) * step);
  const count = Math.round((highest - lowest) / step);
  return { lowest, highest, ticks: Array.from({ length: count + 1 }, (_, index) => lowest + index * step) };
}

/** 0.1, 0.2, 0.5, 1, 2, 5, … */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((nice) => nice * power >= rough) ?? 10;
  return factor * power;
}

/** 0 at the scale's lowest value, 1 at its highest. */
export function heightOf(value: number, scale: Scale): number {
  return (value - scale.lowest) / (scale.highest - scale.lowest);
}

/** The entropies a report holds, where no kept calibration matches the options chosen now. */
export function calibrationOf(report: FitReport | null): FitPreview['calibration'] {
  if (report === null) return null;
  const entropies = report.layers.map(({ index, entropyBits }) => ({ layer: index, ...entropyBits }));
  return { entropies, order: report.plan.order };
}
