import { LADDER_FAMILY, type Comparison } from '../../contract/comparison.ts';
import { RUNGS, type Rung } from '../../contract/rungs.ts';
import { competing, modelBytes } from '../findings.ts';
import { axisOf, drawAxes } from './axes.ts';
import type { Box } from './labels.ts';
import { drawable, rowTitle, subtitleOf, type Drawable } from './rows.ts';
import { drawSheet } from './sheet.ts';
import { element, escapeXml, group } from './svg.ts';
import { PLAIN_STYLES } from './theme.ts';

/** Which type each layer has in the plans that choose one for every layer. */

const ROW_HEIGHT = 36;
/** Of a row and of a layer's share of it. */
const FILLED = { height: 0.86, width: 0.9 };

interface Planned {
  readonly row: Drawable;
  /** per layer */
  readonly types: readonly Rung[];
}

/** A layer's type is told by colour and by height. */
function drawPlan({ types }: Planned, { rungs, box }: { rungs: readonly Rung[]; box: Box }): string[] {
  const width = box.width / types.length;
  return types.map((type, layer) => {
    const rank = rungs.indexOf(type);
    const height = (box.height * FILLED.height * (rungs.length - rank)) / rungs.length;
    const place = {
      x: box.left + (layer + (1 - FILLED.width) / 2) * width,
      y: box.top + box.height - height,
      width: width * FILLED.width,
      height,
    };
    const title = element('title', {}, escapeXml(`layer ${layer}: ${type}`));
    return group(`s${rank % PLAIN_STYLES}`, element('rect', { class: 'area', ...place }, title));
  });
}

function drawPlans(plans: readonly Planned[], rungs: readonly Rung[], box: Box): string {
  const layers = Math.max(...plans.map(({ types }) => types.length));
  const x = axisOf({ label: 'layer', count: 14, keep: Number.isInteger, padding: 0 });
  const share = box.height / plans.length;
  const mebibytes = ({ row }: Planned) => (modelBytes(row) / 2 ** 20).toFixed(1);
  const axes = {
    x: x([-0.5, layers - 0.5], [box.left, box.left + box.width]),
    y: {
      label: 'text model and vision encoder, MiB',
      ticks: [...plans.keys()],
      // at the foot of each plan's row
      at: (index: number) => box.top + (index + 1) * share,
      format: (index: number) => (plans[index] ? mebibytes(plans[index]) : ''),
    },
  };
  const rows = plans.flatMap((plan, index) =>
    drawPlan(plan, { rungs, box: { ...box, top: box.top + index * share, height: share } }),
  );
  return [drawAxes(box, axes), ...rows].join('');
}

/** Of each plan with a type of its own for every layer, largest first, what each layer got. */
export function plansFigure(comparison: Comparison): string | undefined {
  const plans = drawable(competing(comparison))
    .flatMap((row): Planned[] =>
      row.family === LADDER_FAMILY && row.layerRungs ? [{ row, types: row.layerRungs }] : [],
    )
    .toSorted((a, b) => modelBytes(b.row) - modelBytes(a.row));
  if (plans.length === 0) return undefined;
  const rungs = RUNGS.toReversed().filter((rung) => plans.some(({ types }) => types.includes(rung)));
  const told = plans.map(({ row, types }) => `${rowTitle(row)}: ${types.join(', ')}.`);
  return drawSheet(
    {
      title: 'A rung for every layer',
      subtitle: subtitleOf(comparison),
      description: `The type of each layer, from the first. ${told.join(' ')}`,
      keys: rungs.map((name, rank) => ({ name, style: rank % PLAIN_STYLES, area: true })),
      notes: [],
      panelHeight: plans.length * ROW_HEIGHT,
    },
    [(box) => drawPlans(plans, rungs, box)],
  );
}
