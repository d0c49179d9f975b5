import type { Compared, Comparison } from '../contract/comparison.ts';
import { formatBytes } from '../contract/bytes.ts';
import { modelBytes, orderingName, orderingPlace, pictureKld } from './findings.ts';
import { type Axis, type Key, shortNumber } from './plot-panel.ts';
import { type Interval, logScale } from './plot-scale.ts';
import { PLAIN_STYLES } from './svg.ts';

/** How figures show rows and orderings. */

/** Axes span at least this, so that differences of a few per cent do not fill a figure. */
const LEAST_KLD_FACTOR = 2;
const KLD_LABEL = 'KL divergence on pictures, nats (log)';

export type Drawable = Compared & { readonly kld: number };

/** On a logarithmic axis only what is above zero has a place. */
export function drawable(rows: readonly Compared[]): Drawable[] {
  return rows.flatMap((row) => {
    const kld = pictureKld(row);
    return kld !== null && kld > 0 ? [{ ...row, kld }] : [];
  });
}

/** Which rows a figure leaves out, and why. */
export function leftOut(rows: readonly Compared[]): string[] {
  const names = (those: readonly Compared[]) => [...new Set(those.map(({ name }) => name))].join('; ');
  const unmeasured = rows.filter((row) => pictureKld(row) === null);
  const zero = rows.filter((row) => (pictureKld(row) ?? 1) <= 0);
  return [
    ...(unmeasured.length > 0 ? [`Not drawn, no finite divergence on pictures: ${names(unmeasured)}.`] : []),
    ...(zero.length > 0 ? [`Not drawn, divergence on pictures is zero: ${names(zero)}.`] : []),
  ];
}

/** Colour and shape of an ordering, the same in every figure. */
export function orderingStyle(ordering: string | null): number {
  return orderingPlace(ordering ?? '') % PLAIN_STYLES;
}

export function subtitleOf(comparison: Comparison): string {
  const { model, rungs, calibration } = comparison;
  const { alpha, clusters, seed } = calibration;
  return `${model.name}, ${model.layers} layers, ${rungs.high} and ${rungs.low}; α = ${alpha}, K = ${clusters}, seed ${seed}`;
}

export function kldAxis(klds: readonly number[], range: Interval): Axis {
  return { scale: logScale(klds, range, { span: LEAST_KLD_FACTOR }), label: KLD_LABEL, format: shortNumber };
}

export function rowTitle(row: Drawable): string {
  return `${row.name}: ${formatBytes(modelBytes(row))}, ${row.kld.toPrecision(3)} nats`;
}

/** Of several random orders, one key. */
export function orderingKeys(names: readonly string[]): Key[] {
  const groups = Map.groupBy(names, orderingStyle);
  return [...groups].map(([style, [first = '', ...others]]) => ({
    name:
      others.length === 0
        ? orderingName(first)
        : `${first.replace(/ \d+$/, '')} (${others.length + 1} orders)`,
    style,
  }));
}
