import type { FitPreview, LayerEntropyView } from '../../../src-main/contract/fit-job.ts';
import type { FitReport } from '../../../src-main/contract/fit-report.ts';

/** One layer as the chart draws it; bits are null until it has been measured. */
export interface ChartLayer {
  readonly layer: number;
  readonly both: number | null;
  readonly image: number | null;
  readonly text: number | null;
  readonly chosen: boolean;
}

export interface ChartInputs {
  readonly layers: number;
  readonly entropies: readonly LayerEntropyView[];
  /** the layers that go ultra-low, as far as that is known */
  readonly low: readonly number[];
}

export function chartLayers({ layers, entropies, low }: ChartInputs): readonly ChartLayer[] {
  const measured = new Map(entropies.map((view) => [view.layer, view]));
  // bars that go ultra-low while others still come in would read as chosen among those
  const chosen = new Set(measured.size >= layers ? low : []);
  return Array.from({ length: layers }, (_, layer) => {
    const view = measured.get(layer);
    return {
      layer,
      both: view?.both ?? null,
      image: view?.image ?? null,
      text: view?.text ?? null,
      chosen: chosen.has(layer),
    };
  });
}

export interface Scale {
  readonly lowest: number;
  readonly highest: number;
  /** lines to read values by, ascending */
  readonly ticks: readonly number[];
}

/** Round steps a person reads easily, for about this many lines. */
const TICKS = 4;

/** Entropies of one model differ by little beside their size, so that the axis does not start at zero. */
export function chartScale(layers: readonly ChartLayer[]): Scale | null {
  const values = layers
    .flatMap(({ both, image, text }) => [both, image, text])
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
