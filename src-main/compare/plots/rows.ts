import type { Compared, Comparison } from '../../contract/comparison.ts';
import { formatBytes } from '../../contract/bytes.ts';
import { modelBytes, orderingName, orderingPlace, pictureKld, type Series } from '../findings.ts';
import { axisOf } from './axes.ts';
import type { Line } from './lines.ts';
import type { Key } from './sheet.ts';
import { PLAIN_STYLES } from './theme.ts';

/** How figures show rows and orderings. */

/** At least a factor of two, so that differences of a few per cent do not fill a figure. */
export const kldAxis = axisOf({ label: 'KL divergence on pictures, nats (log)', log: true, span: 2 });

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

/** Divergences on pictures along what was varied; `what` is its name in the points' titles. */
export function kldLine(
  { name, style, rows }: Series & { readonly style: number },
  x: (row: Compared) => number,
  what: string,
): Line {
  const points = drawable(rows).map((row) => ({
    x: x(row),
    y: row.kld,
    id: row.id,
    title: `${what} ${x(row)}: ${row.kld.toPrecision(3)}`,
  }));
  return { name, style, points };
}
