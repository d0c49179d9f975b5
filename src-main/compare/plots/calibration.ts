import type { Compared, Comparison } from '../../contract/comparison.ts';
import { variations, type Series, type Varied } from '../findings.ts';
import { axisOf } from './axes.ts';
import {
  described,
  enough,
  lineFigure,
  measuredAt,
  pointsOf,
  withPoints,
  type Line,
  type Panel,
} from './lines.ts';
import { kldAxis, kldLine, leftOut, subtitleOf } from './rows.ts';
import { PLAIN_STYLES } from './theme.ts';

/** What share of pictures, clusters and seed of the calibration change. */

/** Of the axis of same first choices, so that a difference of one does not fill it. */
const LEAST_AGREEMENT_POINTS = 10;

const VARIED: readonly Varied[] = ['alpha', 'clusters', 'seed'];

/** The series of what is varied, one plan in the same style whichever setting that is. */
function styledVariations(comparison: Comparison, varied: Varied): (Series & { style: number })[] {
  const all = VARIED.flatMap((each) => variations(comparison, each).map(({ name }) => name));
  const names = [...new Set(all)];
  return variations(comparison, varied).map((series) => ({
    ...series,
    style: names.indexOf(series.name) % PLAIN_STYLES,
  }));
}

/** Some number of each row against α; rows without it are left out. */
function alphaLine(
  { name, style, rows }: Series & { style: number },
  value: (row: Compared) => number | null | undefined,
  unit = '',
): Line {
  const points = rows.flatMap((row) => {
    const { alpha, id } = row;
    const y = value(row) ?? null;
    return y === null ? [] : [{ x: alpha, y, id, title: `α = ${alpha}: ${y.toFixed(1)}${unit}` }];
  });
  return { name, style, points };
}

const percentAxis = axisOf({
  label: 'same first choice on pictures, %',
  span: LEAST_AGREEMENT_POINTS,
  keep: (tick) => tick >= 0 && tick <= 100,
});

/** KL divergence, same first choice and task score on pictures against α, the share of image tokens in the calibration. */
export function alphaFigure(comparison: Comparison): string | undefined {
  const series = styledVariations(comparison, 'alpha');
  const klds = withPoints(series.map((one) => kldLine(one, ({ alpha }) => alpha, 'α =')));
  if (!enough(klds)) return undefined;
  const percent = ({ quality }: Compared) => quality.image && quality.image.topAgreement * 100;
  const agreement = withPoints(series.map((one) => alphaLine(one, percent, ' %')));
  const scores = withPoints(series.map((one) => alphaLine(one, ({ accuracy }) => accuracy)));
  const { task } = comparison;
  const scoreAxis = axisOf({
    label: `${task?.name ?? ''}: ${task?.metric ?? ''}`,
    span: LEAST_AGREEMENT_POINTS,
  });
  const x = axisOf({ label: 'α: share of image tokens', ticks: measuredAt(klds) });
  return lineFigure(
    {
      title: 'Pictures among the calibration tokens',
      subtitle: subtitleOf(comparison),
      description: `KL divergence on pictures by α. ${described(klds)} Same first choice by α. ${described(agreement)}`,
      notes: leftOut(series.flatMap(({ rows }) => rows)),
    },
    [
      { x, y: kldAxis, lines: klds },
      { x, y: percentAxis, lines: agreement },
      ...(enough(scores) ? [{ x, y: scoreAxis, lines: scores }] : []),
    ],
  );
}

/** Seeds are names: they stand side by side, in ascending order, and no line joins them. */
function seedPanel(lines: readonly Line[]): Omit<Panel, 'y'> {
  const seeds = measuredAt(lines);
  const placed = lines.map((line) => ({
    ...line,
    points: line.points.map((point) => point && { ...point, x: seeds.indexOf(point.x) }),
  }));
  const x = axisOf({ label: 'seed', ticks: [...seeds.keys()], format: (index) => String(seeds[index]) });
  return { x, lines: placed, joined: false };
}

/** KL divergence on pictures against the number of clusters, and by seed. */
export function clustersAndSeedsFigure(comparison: Comparison): string | undefined {
  const byClusters = styledVariations(comparison, 'clusters');
  const bySeed = styledVariations(comparison, 'seed');
  const clusters = withPoints(byClusters.map((one) => kldLine(one, (row) => row.clusters, 'K =')));
  const seeds = withPoints(bySeed.map((one) => kldLine(one, (row) => row.seed, 'seed')));
  const klds = pointsOf([...clusters, ...seeds]).map(({ y }) => y);
  const panels: Panel[] = [
    { x: axisOf({ label: 'K: clusters (log)', log: true, ticks: measuredAt(clusters) }), lines: clusters },
    seedPanel(seeds),
  ]
    .filter(({ lines }) => enough(lines))
    // both on one scale
    .map((panel) => ({ ...panel, y: (_, range) => kldAxis(klds, range) }));
  if (panels.length === 0) return undefined;
  return lineFigure(
    {
      title: 'How much clusters and seed decide',
      subtitle: subtitleOf(comparison),
      description: `KL divergence on pictures by the clusters of k-means and by seed. ${described([...clusters, ...seeds])}`,
      notes: [
        ...new Set([byClusters, bySeed].flatMap((series) => leftOut(series.flatMap(({ rows }) => rows)))),
      ],
    },
    panels,
  );
}
