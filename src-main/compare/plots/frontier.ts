import { curveStepAfter, line } from 'd3-shape';
import { LADDER_FAMILY, type Compared, type Comparison } from '../../contract/comparison.ts';
import { competing, frontier, modelBytes, orderCurves, rivalRows, type Series } from '../findings.ts';
import { axesIn, axisOf, drawAxes } from './axes.ts';
import { boxAround, type Box, type Label, placeLabels } from './labels.ts';
import { drawPath } from './lines.ts';
import {
  type Drawable,
  drawable,
  kldAxis,
  leftOut,
  orderingKeys,
  orderingStyle,
  rowTitle,
  subtitleOf,
} from './rows.ts';
import { drawSheet, type Key } from './sheet.ts';
import { element, group, marker, text } from './svg.ts';
import { GREY_STYLE, INK_STYLE, LADDER_STYLE, MARKER_RADIUS, RIVAL_STYLE } from './theme.ts';

/** Closeness to the source against size. */

const PANEL_HEIGHT = 400;

const FAMILY_STYLES: Partial<Record<Compared['family'], number>> = {
  best: INK_STYLE,
  rival: RIVAL_STYLE,
  [LADDER_FAMILY]: LADDER_STYLE,
};
const familyStyle = (row: Compared) =>
  row.family === 'order' ? orderingStyle(row.ordering) : (FAMILY_STYLES[row.family] ?? GREY_STYLE);
const isHollow = ({ importance, family }: Compared) => importance !== 'multimodal' && family !== 'rival';

function frontierKeys(rows: readonly Compared[], curves: readonly Series[]): Key[] {
  const has = (family: Compared['family']) => rows.some((row) => row.family === family);
  const key = (name: string, style: number): Key => ({ name, style });
  return [
    ...(has('uniform') ? [key('uniform file type', GREY_STYLE)] : []),
    ...orderingKeys(curves.map(({ name }) => name)),
    ...(has('best') ? [key('best: a type for every tensor', INK_STYLE)] : []),
    ...(has(LADDER_FAMILY) ? [key('ladder: a rung for every layer', LADDER_STYLE)] : []),
    ...(has('rival') ? [key('other methods, in formats of their own', RIVAL_STYLE)] : []),
    ...(rows.some(isHollow)
      ? [{ name: 'importance matrix from text alone, or none', style: GREY_STYLE, hollow: true }]
      : []),
    { name: 'frontier: nothing smaller is closer', style: INK_STYLE, line: 'dashed' },
  ];
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
    if (row.family === 'rival') return row.rival?.method;
    if (row.family === 'uniform') return named.get(row.name) === row ? row.name : undefined;
    // such a name says how it was asked for: too long, and its marker says what it is
    if (row.family !== 'order') return undefined;
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

/** What is much larger than every mix would press the rest together: of the larger file types, the smallest is enough. */
function withinReach(rows: readonly Drawable[]): [within: Drawable[], larger: Drawable[]] {
  const bytesOf = (...families: Compared['family'][]) =>
    rows.filter(({ family }) => families.includes(family)).map(modelBytes);
  const largestMix = Math.max(...bytesOf('order', 'best', LADDER_FAMILY));
  if (!Number.isFinite(largestMix)) return [[...rows], []];
  const limit = Math.min(...bytesOf('uniform').filter((size) => size > largestMix));
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

interface Shown {
  readonly rows: readonly Drawable[];
  readonly curves: readonly Series[];
  /** what no row beats, by size */
  readonly best: readonly Drawable[];
}

function drawPanel({ rows, curves, best }: Shown, box: Box): string {
  // bytes in the unit that suits the largest
  const [unit, size] = Math.max(...rows.map(modelBytes)) >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  const bytesAxis = axisOf({ label: `text model and vision encoder, ${unit}` });
  const points = rows.map((row) => ({ x: modelBytes(row) / size, y: row.kld }));
  const axes = axesIn(box, points, { x: bytesAxis, y: kldAxis });
  const place = (row: Drawable) => [axes.x.at(modelBytes(row) / size), axes.y.at(row.kld)] as const;

  const orders = curves.map(({ name, rows: ofIt }) =>
    group(
      `s${orderingStyle(name)}`,
      drawPath(drawable(ofIt).map(place), name === 'entropy' ? 'line' : 'line thin'),
    ),
  );
  // down and to the right: what is the least divergence at each size
  const corners = best.map(place);
  const end = corners.slice(-1).map(([, down]) => [box.left + box.width, down] as const);
  const steps = line<readonly [number, number]>().curve(curveStepAfter).digits(2)([...corners, ...end]);
  const names = new Set(best.map(({ id }) => id));
  const marks = rows
    // the frontier's and the ladders on top
    .toSorted((a, b) => Number(names.has(a.id)) - Number(names.has(b.id)))
    .map((row) => {
      const [x, y] = place(row);
      const style = familyStyle(row);
      const mark = marker({ x, y, style, hollow: isHollow(row), title: rowTitle(row), id: row.id });
      return group(`s${style}`, mark);
    });
  const labels = labelsOf(rows, names).map(({ row, content }): Label => {
    const [x, y] = place(row);
    return { content, x, y };
  });
  const obstacles = rows.map((row) => boxAround(...place(row), MARKER_RADIUS - 1));
  const placed = placeLabels(labels, obstacles, box);
  return [
    drawAxes(box, axes),
    ...orders,
    group(`s${INK_STYLE}`, element('path', { class: 'line dashed', d: steps ?? '' })),
    ...marks,
    ...placed.map(({ content, box: { left, top } }) => text(content, left, top + 10)),
  ].join('');
}

/** KL divergence on pictures against bytes, with the rows that no other beats. */
export function frontierFigure(comparison: Comparison): string | undefined {
  const all = competing(comparison);
  const shown = [...all, ...rivalRows(comparison)];
  const [rows, larger] = withinReach(drawable(shown));
  if (rows.length < 2) return undefined;
  const curves = orderCurves(comparison);
  // of all that llama.cpp runs, as in the tables: what is larger, or has no divergence at all, beats none that is smaller
  const best = drawable(frontier(all)).filter(({ id }) => rows.some((row) => row.id === id));
  return drawSheet(
    {
      title: 'Closeness to the source against size',
      subtitle: subtitleOf(comparison),
      description: `${rows.length} compressed models by size and KL divergence from the source. On the frontier, by size: ${best.map(rowTitle).join('; ')}.`,
      keys: frontierKeys(rows, curves),
      notes: [...largerThanDrawn(larger), ...leftOut(shown)],
      panelHeight: PANEL_HEIGHT,
    },
    [(box) => drawPanel({ rows, curves, best }, box)],
  );
}
