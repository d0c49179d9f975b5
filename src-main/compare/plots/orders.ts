import type { Comparison } from '../../contract/comparison.ts';
import { orderCurves, orderingName } from '../findings.ts';
import { axisOf } from './axes.ts';
import { described, enough, lineFigure, measuredAt, withPoints } from './lines.ts';
import { kldAxis, kldLine, leftOut, orderingKeys, orderingStyle, subtitleOf } from './rows.ts';

/** KL divergence on pictures against the number of layers that are low, a line per ordering. */
export function ordersFigure(comparison: Comparison): string | undefined {
  const curves = orderCurves(comparison);
  const lines = withPoints(
    curves.map(({ name, rows }) =>
      kldLine(
        { name: orderingName(name), style: orderingStyle(name), rows },
        ({ lowLayers }) => lowLayers ?? 0,
        'k =',
      ),
    ),
  );
  if (!enough(lines)) return undefined;
  return lineFigure(
    {
      title: 'Which layers go low first',
      subtitle: subtitleOf(comparison),
      description: `KL divergence on pictures with the first k layers of each order low. ${described(lines)}`,
      notes: leftOut(curves.flatMap(({ rows }) => rows)),
      keys: orderingKeys(curves.map(({ name }) => name)),
    },
    [
      {
        x: axisOf({ label: `k: layers in ${comparison.rungs.low}`, ticks: measuredAt(lines) }),
        y: kldAxis,
        lines,
      },
    ],
  );
}
