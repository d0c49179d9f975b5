import type { Compared, Comparison } from '../contract/comparison.ts';
import { orderCurves, orderingName, variations, type Varied } from './findings.ts';
import { frontierFigure } from './plot-frontier.ts';
import {
  axes,
  type Axis,
  drawLine,
  drawSheet,
  endLabels,
  type Key,
  type Line,
  shortNumber,
} from './plot-panel.ts';
import { drawable, kldAxis, leftOut, orderingKeys, orderingStyle, subtitleOf } from './plot-rows.ts';
import { type Interval, linearScale, logScale, type ScaleOptions } from './plot-scale.ts';
import { PLAIN_STYLES, textWidth } from './svg.ts';

/** The figures of a comparison, each an SVG file; undefined where there are fewer than two points to draw. */

/** Of the axis of same first choices, so that a difference of one does not fill it. */
const LEAST_AGREEMENT_POINTS = 10;

interface Curves {
  readonly x: (values: readonly number[], range: Interval) => Axis;
  readonly y: (values: readonly number[], range: Interval) => Axis;
  readonly lines: readonly Line[];
  /** markers without lines where values have no order */
  readonly joined?: boolean;
}

function pointsOf(lines: readonly Line[]) {
  return lines.flatMap(({ points }) => points.flatMap((point) => (point ? [point] : [])));
}

function scaled({ x, y, lines }: Curves, box: { left: number; top: number; width: number; height: number }) {
  const points = pointsOf(lines);
  return {
    x: x(
      points.map((point) => point.x),
      [box.left, box.left + box.width],
    ),
    y: y(
      points.map((point) => point.y),
      [box.top + box.height, box.top],
    ),
  };
}

/** Lines in one panel each: named at their ends where there is one panel and the ends are apart, in a legend otherwise. */
function lineFigure(
  sheet: {
    title: string;
    subtitle: string;
    description: string;
    notes: readonly string[];
    keys?: readonly Key[];
  },
  panels: readonly Curves[],
): string {
  const names = new Map(
    panels.flatMap(({ lines }) => lines.map(({ name, style }) => [name, style] as const)),
  );
  const keys = sheet.keys ?? [...names].map(([name, style]): Key => ({ name, style }));
  const draw = (rightMargin: number, direct: boolean) => {
    let labelled = true;
    const markup = drawSheet({
      ...sheet,
      keys: direct ? [] : keys,
      rightMargin,
      panels: panels.map((curves) => (box) => {
        const { x, y } = scaled(curves, box);
        const className = curves.joined === false ? undefined : 'line';
        const drawn = curves.lines.map((line) =>
          drawLine(
            className ? line : { ...line, points: line.points.flatMap((point) => [point, null]) },
            x.scale,
            y.scale,
            className,
          ),
        );
        const labels = direct ? endLabels(curves.lines, x.scale, y.scale, box) : '';
        labelled = labels !== undefined;
        return [axes(box, x, y), ...drawn, labels ?? ''].join('');
      }),
    });
    return labelled ? markup : undefined;
  };
  const widest = Math.max(...[...names.keys()].map((name) => textWidth(name)));
  const direct = panels.length === 1 ? draw(widest + 8, true) : undefined;
  return direct ?? draw(14, false) ?? '';
}

const enough = (lines: readonly Line[]) => pointsOf(lines).length >= 2;
const described = (lines: readonly Line[]) =>
  lines
    .map(
      ({ name, points }) =>
        `${name}: ${pointsOf([{ name, style: 0, points }])
          .map(({ title }) => title)
          .join(', ')}.`,
    )
    .join(' ');

function kldLine(
  name: string,
  style: number,
  rows: readonly Compared[],
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

const withPoints = (lines: readonly Line[]) => lines.filter(({ points }) => points.length > 0);

function linearAxis(label: string, options: ScaleOptions = {}) {
  return (values: readonly number[], range: Interval): Axis => ({
    scale: linearScale(values, range, options),
    label,
    format: shortNumber,
  });
}

/** KL divergence on pictures against the number of layers that are low, a line per ordering. */
export function ordersFigure(comparison: Comparison): string | undefined {
  const curves = orderCurves(comparison);
  const lines = withPoints(
    curves.map(({ name, rows }) =>
      kldLine(orderingName(name), orderingStyle(name), rows, ({ lowLayers }) => lowLayers ?? 0, 'k ='),
    ),
  );
  if (!enough(lines)) return undefined;
  const measured = [...new Set(pointsOf(lines).map(({ x }) => x))];
  return lineFigure(
    {
      title: 'Which layers go low first',
      subtitle: subtitleOf(comparison),
      description: `KL divergence on pictures with the first k layers of each order low. ${described(lines)}`,
      notes: leftOut(curves.flatMap(({ rows }) => rows)),
      keys: orderingKeys(curves.map(({ name }) => name)),
    },
    [{ x: linearAxis(`k: layers in ${comparison.rungs.low}`, { ticks: measured }), y: kldAxis, lines }],
  );
}

/** Entropy of each layer's output tokens: of image and text tokens together, and of each alone. */
export function entropyFigure(comparison: Comparison): string | undefined {
  const kinds = [
    ['image and text tokens', 'both', 0],
    ['image tokens', 'image', 1],
    ['text tokens', 'text', 2],
  ] as const;
  const lines = kinds
    .map(([name, key, style]): Line => {
      const points = comparison.entropies.map((entropy, layer) => {
        const bits = entropy[key];
        return bits === null ? null : { x: layer, y: bits, title: `layer ${layer}: ${bits.toFixed(3)}` };
      });
      return { name, style, points };
    })
    .filter((line) => pointsOf([line]).length > 0);
  if (!enough(lines)) return undefined;
  return lineFigure(
    {
      title: 'Entropy of each layer’s output tokens',
      subtitle: subtitleOf(comparison),
      description: `In bits, of the sizes of k-means clusters. ${described(lines)}`,
      notes: [],
    },
    [{ x: layerAxis, y: linearAxis('entropy, bits'), lines }],
  );
}

function layerAxis(values: readonly number[], range: Interval): Axis {
  const { scale, ...axis } = linearAxis('layer', { count: 14 })(values, range);
  return {
    ...axis,
    scale: { ...scale, ticks: scale.ticks.filter((tick) => Number.isInteger(tick) && tick >= 0) },
  };
}

/** One plan looks the same whichever setting is varied. */
function variedStyle(comparison: Comparison, name: string): number {
  const settings = ['alpha', 'clusters', 'seed'] as const;
  const names = settings.flatMap((varied) => variations(comparison, varied).map((series) => series.name));
  return [...new Set(names)].indexOf(name) % PLAIN_STYLES;
}

function variationLines(
  comparison: Comparison,
  varied: Varied,
  what: string,
): { lines: Line[]; notes: string[] } {
  const series = variations(comparison, varied);
  const lines = series.map(({ name, rows }) =>
    kldLine(name, variedStyle(comparison, name), rows, (row) => row[varied], what),
  );
  return { lines: withPoints(lines), notes: leftOut(series.flatMap(({ rows }) => rows)) };
}

/** The places of what was measured, and no others. */
function valuesOf(lines: readonly Line[]): number[] {
  return [...new Set(pointsOf(lines).map(({ x }) => x))].toSorted((a, b) => a - b);
}

function percentAxis(values: readonly number[], range: Interval): Axis {
  const { scale, ...axis } = linearAxis('same first choice on pictures, %', { span: LEAST_AGREEMENT_POINTS })(
    values,
    range,
  );
  return { ...axis, scale: { ...scale, ticks: scale.ticks.filter((tick) => tick >= 0 && tick <= 100) } };
}

function scoreAxis({ task }: Comparison) {
  return linearAxis(`${task?.name ?? ''}: ${task?.metric ?? ''}`, { span: LEAST_AGREEMENT_POINTS });
}

/** KL divergence, same first choice and task score on pictures against α, the share of image tokens in the calibration. */
export function alphaFigure(comparison: Comparison): string | undefined {
  const { lines, notes } = variationLines(comparison, 'alpha', 'α =');
  if (!enough(lines)) return undefined;
  const agreement = variations(comparison, 'alpha').map(({ name, rows }): Line => {
    const points = rows.flatMap((row) => {
      const percent = row.quality.image ? row.quality.image.topAgreement * 100 : undefined;
      return percent === undefined
        ? []
        : [{ x: row.alpha, y: percent, id: row.id, title: `α = ${row.alpha}: ${percent.toFixed(1)} %` }];
    });
    return { name, style: variedStyle(comparison, name), points };
  });
  const scores = variations(comparison, 'alpha').map(({ name, rows }): Line => ({
    name,
    style: variedStyle(comparison, name),
    points: rows.flatMap(({ alpha, accuracy, id }) =>
      accuracy === null ? [] : [{ x: alpha, y: accuracy, id, title: `α = ${alpha}: ${accuracy.toFixed(1)}` }],
    ),
  }));
  const x = linearAxis('α: share of image tokens', { ticks: valuesOf(lines) });
  return lineFigure(
    {
      title: 'Pictures among the calibration tokens',
      subtitle: subtitleOf(comparison),
      description: `KL divergence on pictures by α. ${described(lines)} Same first choice by α. ${described(agreement)}`,
      notes,
    },
    [
      { x, y: kldAxis, lines },
      { x, y: percentAxis, lines: withPoints(agreement) },
      ...(enough(scores) ? [{ x, y: scoreAxis(comparison), lines: withPoints(scores) }] : []),
    ],
  );
}

/** KL divergence on pictures against the number of clusters, and by seed. */
export function clustersAndSeedsFigure(comparison: Comparison): string | undefined {
  const clusters = variationLines(comparison, 'clusters', 'K =');
  const seeds = variationLines(comparison, 'seed', 'seed');
  const byClusters = (values: readonly number[], range: Interval): Axis => ({
    scale: logScale(values, range, { ticks: valuesOf(clusters.lines) }),
    label: 'K: clusters (log)',
    format: shortNumber,
  });
  const told = valuesOf(seeds.lines);
  const placed = seeds.lines.map((line) => ({
    ...line,
    points: line.points.map((point) => point && { ...point, x: told.indexOf(point.x) }),
  }));
  const bySeed = (values: readonly number[], range: Interval): Axis => ({
    scale: linearScale(values, range, { ticks: [...told.keys()] }),
    label: 'seed',
    format: (index) => String(told[index]),
  });
  const klds = pointsOf([...clusters.lines, ...seeds.lines]).map(({ y }) => y);
  const shared = (_: readonly number[], range: Interval) => kldAxis(klds, range);
  const panels = [
    { x: byClusters, y: shared, lines: clusters.lines },
    { x: bySeed, y: shared, lines: placed, joined: false },
  ].filter(({ lines }) => enough(lines));
  if (panels.length === 0) return undefined;
  return lineFigure(
    {
      title: 'How much clusters and seed decide',
      subtitle: subtitleOf(comparison),
      description: `KL divergence on pictures by the clusters of k-means and by seed. ${described([...clusters.lines, ...seeds.lines])}`,
      notes: [...new Set([...clusters.notes, ...seeds.notes])],
    },
    panels,
  );
}

/** All figures there is data for: file name → SVG. */
export function plots(comparison: Comparison): Record<string, string> {
  const figures = {
    'frontier.svg': frontierFigure(comparison),
    'orders.svg': ordersFigure(comparison),
    'entropy.svg': entropyFigure(comparison),
    'alpha.svg': alphaFigure(comparison),
    'clusters-and-seeds.svg': clustersAndSeedsFigure(comparison),
  };
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, svg]) => (svg === undefined ? [] : [[name, svg]])),
  );
}
