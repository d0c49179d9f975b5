import type { Compared, Comparison } from '../contract/comparison.ts';
import { competing, frontier, modelBytes, orderCurves, type Series } from './findings.ts';
import { boxAround, type Label, placeLabels } from './plot-labels.ts';
import { axes, type Axis, drawSheet, type Key, shortNumber } from './plot-panel.ts';
import {
  type Drawable,
  drawable,
  kldAxis,
  leftOut,
  orderingKeys,
  orderingStyle,
  rowTitle,
  subtitleOf,
} from './plot-rows.ts';
import { type Interval, linearScale } from './plot-scale.ts';
import { GREY_STYLE, group, INK_STYLE, marker, MARKER_RADIUS, polyline, text } from './svg.ts';

const FRONTIER_HEIGHT = 400;

/** Bytes in the unit that suits the largest. */
function bytesAxis(
  bytes: readonly number[],
  range: Interval,
): Axis & { readonly at: (bytes: number) => number } {
  const [unit, size] = Math.max(...bytes) >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  const scale = linearScale(
    bytes.map((value) => value / size),
    range,
  );
  return {
    scale,
    at: (value) => scale.at(value / size),
    label: `text model and vision encoder, ${unit}`,
    format: shortNumber,
  };
}

const familyStyle = (row: Compared) =>
  row.family === 'order' ? orderingStyle(row.ordering) : row.family === 'auto' ? INK_STYLE : GREY_STYLE;
const isHollow = ({ importance }: Compared) => importance !== 'multimodal';

function frontierKeys(rows: readonly Compared[], curves: readonly Series[]): Key[] {
  const has = (family: Compared['family']) => rows.some((row) => row.family === family);
  const key = (name: string, style: number): Key => ({ name, style, hollow: false });
  return [
    ...(has('uniform') ? [key('uniform file type', GREY_STYLE)] : []),
    ...orderingKeys(curves.map(({ name }) => name)),
    ...(has('auto') ? [key('auto: a rung for every layer', INK_STYLE)] : []),
    ...(rows.some(isHollow)
      ? [{ name: 'importance matrix from text alone, or none', style: GREY_STYLE, hollow: true }]
      : []),
    { name: 'frontier: nothing smaller is closer', style: INK_STYLE, line: 'dashed' },
  ];
}

/** Down and to the right: what is the least divergence at each size. */
function steps(points: readonly (readonly [number, number])[], right: number): [number, number][] {
  const corners = points.flatMap(([x, y], index): [number, number][] => {
    const before = points[index - 1];
    return before
      ? [
          [x, before[1]],
          [x, y],
        ]
      : [[x, y]];
  });
  const last = points.at(-1);
  return last ? [...corners, [right, last[1]]] : corners;
}

/** Uniform types by name, once each; an order's k once, at the best of its orderings; what is on the frontier first. */
function labelsOf(
  rows: readonly Drawable[],
  best: ReadonlySet<string>,
): { row: Drawable; content: string }[] {
  const named = new Map(rows.filter(isHollow).map((row) => [row.name, row]));
  for (const row of rows) if (!isHollow(row)) named.set(row.name, row);
  const bestOfK = new Map<number, Drawable>();
  for (const row of rows.filter(({ family }) => family === 'order').toSorted((a, b) => a.kld - b.kld)) {
    const lowLayers = row.lowLayers ?? 0;
    if (!bestOfK.has(lowLayers)) bestOfK.set(lowLayers, row);
  }
  const content = (row: Drawable) => {
    if (row.family === 'uniform') return named.get(row.name) === row ? row.name : undefined;
    // a ladder's name says how it was asked for: too long, and its star says what it is
    if (row.family === 'auto') return undefined;
    return bestOfK.get(row.lowLayers ?? 0) === row ? `k = ${row.lowLayers}` : undefined;
  };
  const rank = (row: Drawable) => (best.has(row.id) ? 0 : 1);
  return rows
    .flatMap((row) => {
      const label = content(row);
      return label === undefined ? [] : [{ row, content: label }];
    })
    .toSorted((a, b) => rank(a.row) - rank(b.row));
}

/** File types much larger than every mix would press the rest together: of the larger sizes, the smallest is enough. */
function withinReach(rows: readonly Drawable[]): [within: Drawable[], larger: Drawable[]] {
  const largestMix = Math.max(...rows.filter(({ family }) => family !== 'uniform').map(modelBytes));
  if (!Number.isFinite(largestMix)) return [[...rows], []];
  const limit = Math.min(...rows.map(modelBytes).filter((size) => size > largestMix));
  const isWithin = (row: Compared) => modelBytes(row) <= limit;
  return [rows.filter(isWithin), rows.filter((row) => !isWithin(row))];
}

/** Each file type once, with the better-informed matrix. */
function largerThanDrawn(larger: readonly Drawable[]): string[] {
  const once = larger.filter(
    (row) => !isHollow(row) || !larger.some((other) => other.name === row.name && !isHollow(other)),
  );
  return once.length > 0 ? [`Larger than drawn: ${once.map(rowTitle).join('; ')}.`] : [];
}

/** KL divergence on pictures against bytes, with the rows that no other beats. */
export function frontierFigure(comparison: Comparison): string | undefined {
  const all = competing(comparison);
  const [rows, larger] = withinReach(drawable(all));
  if (rows.length < 2) return undefined;
  const curves = orderCurves(comparison);
  // of all rows, as in the tables: what is larger, or has no divergence at all, beats none that is smaller
  const onFrontier = drawable(frontier(all)).filter(({ id }) => rows.some((row) => row.id === id));
  const best = new Set(onFrontier.map(({ id }) => id));
  return drawSheet({
    title: 'Closeness to the source against size',
    subtitle: subtitleOf(comparison),
    description: `${rows.length} compressed models by size and KL divergence from the source. On the frontier, by size: ${onFrontier.map(rowTitle).join('; ')}.`,
    keys: frontierKeys(rows, curves),
    notes: [...largerThanDrawn(larger), ...leftOut(all)],
    panelHeight: FRONTIER_HEIGHT,
    panels: [
      (box) => {
        const y = kldAxis(
          rows.map(({ kld }) => kld),
          [box.top + box.height, box.top],
        );
        const x = bytesAxis(rows.map(modelBytes), [box.left, box.left + box.width]);
        const place = (row: Drawable) => [x.at(modelBytes(row)), y.scale.at(row.kld)] as const;
        const lines = curves.map(({ name, rows: ofIt }) =>
          group(
            `s${orderingStyle(name)}`,
            polyline(drawable(ofIt).map(place), name === 'entropy' ? 'line' : 'line thin'),
          ),
        );
        const marks = rows
          // the frontier's and the ladders on top
          .toSorted((a, b) => Number(best.has(a.id)) - Number(best.has(b.id)))
          .map((row) => {
            const [at, down] = place(row);
            const style = familyStyle(row);
            return group(
              `s${style}`,
              marker({ x: at, y: down, style, hollow: isHollow(row), title: rowTitle(row), id: row.id }),
            );
          });
        const labels = labelsOf(rows, best).map(({ row, content }): Label => {
          const [at, down] = place(row);
          return { content, x: at, y: down };
        });
        const obstacles = rows.map((row) => boxAround(...place(row), MARKER_RADIUS - 1));
        const placed = placeLabels(labels, obstacles, box);
        return [
          axes(box, x, y),
          ...lines,
          group(`s${INK_STYLE}`, polyline(steps(onFrontier.map(place), box.left + box.width), 'line dashed')),
          ...marks,
          ...placed.map(({ content, box: { left, top } }) => text(content, left, top + 10)),
        ].join('');
      },
    ],
  });
}
