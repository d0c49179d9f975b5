import { boxAround, type Box } from './plot-labels.ts';
import { type Scale } from './plot-scale.ts';
import { clipText, element, group, marker, polyline, svgFile, text, textWidth, wrapText } from './svg.ts';

/** What all figures are made of: heading, legend, panels with axes, and notes under them. */

export const FIGURE_WIDTH = 760;
const MARGIN = 16;
const LINE_HEIGHT = 16;
const PANEL_HEIGHT = 280;
/** Above a panel: what its y axis counts; below: tick labels and what the x axis counts. */
const ABOVE_PANEL = 24;
const BELOW_PANEL = 44;
/** Left of a panel, for tick labels. */
const TICK_WIDTH = 46;
const SWATCH_WIDTH = 30;

export interface Axis {
  readonly scale: Scale;
  readonly label: string;
  readonly format: (value: number) => string;
}

/** 0.05, 1200, 3e-7: as short as it is exact. */
export function shortNumber(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return rounded !== 0 && Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}

/** Grid, ticks and names of both axes. */
export function axes(box: Box, x: Axis, y: Axis): string {
  const [right, bottom] = [box.left + box.width, box.top + box.height];
  const horizontal = y.scale.ticks.flatMap((tick) => {
    const at = y.scale.at(tick);
    return [
      element('line', { class: 'grid', x1: box.left, y1: at, x2: right, y2: at }),
      text(y.format(tick), box.left - 6, at + 4, { class: 'faint', 'text-anchor': 'end' }),
    ];
  });
  const vertical = x.scale.ticks.flatMap((tick) => {
    const at = x.scale.at(tick);
    return [
      element('line', { class: 'axis', x1: at, y1: bottom, x2: at, y2: bottom + 4 }),
      text(x.format(tick), at, bottom + 17, { class: 'faint', 'text-anchor': 'middle' }),
    ];
  });
  return group(
    'axes',
    ...horizontal,
    element('line', { class: 'axis', x1: box.left, y1: bottom, x2: right, y2: bottom }),
    ...vertical,
    text(y.label, box.left - TICK_WIDTH + 6, box.top - 10),
    text(x.label, box.left + box.width / 2, bottom + 34, { 'text-anchor': 'middle' }),
  );
}

export interface Key {
  readonly name: string;
  readonly style: number;
  readonly hollow?: boolean;
  /** drawn instead of a marker */
  readonly line?: 'dashed';
}

/** Names beside their markers, in as many rows as they need. */
function legend(keys: readonly Key[], top: number): { markup: string; height: number } {
  let left = MARGIN;
  let row = 0;
  const items = keys.map(({ name, style, hollow, line }) => {
    const width = SWATCH_WIDTH + textWidth(name) + 14;
    if (left > MARGIN && left + width > FIGURE_WIDTH - MARGIN) {
      left = MARGIN;
      row++;
    }
    const y = top + row * LINE_HEIGHT + LINE_HEIGHT / 2;
    const swatch = polyline(
      [
        [left, y],
        [left + SWATCH_WIDTH - 8, y],
      ],
      `line ${line ?? ''}`.trim(),
    );
    const x = left + (SWATCH_WIDTH - 8) / 2;
    const mark = line ? '' : marker({ x, y, style, hollow: hollow ?? false, title: name });
    const item = group(`s${style}`, hollow ? '' : swatch, mark, text(name, left + SWATCH_WIDTH - 2, y + 4));
    left += width;
    return item;
  });
  return { markup: group('legend', ...items), height: items.length === 0 ? 0 : (row + 1) * LINE_HEIGHT + 4 };
}

export interface Sheet {
  readonly title: string;
  readonly subtitle: string;
  readonly description: string;
  readonly keys: readonly Key[];
  /** of the panels side by side, in this order: each draws itself into its box */
  readonly panels: readonly ((box: Box) => string)[];
  /** right of each panel, for labels at the ends of lines */
  readonly rightMargin?: number;
  readonly panelHeight?: number;
  readonly notes: readonly string[];
}

/** Heading, legend, panels, notes. */
export function drawSheet({
  title,
  subtitle,
  description,
  keys,
  panels,
  rightMargin = 14,
  panelHeight = PANEL_HEIGHT,
  notes,
}: Sheet): string {
  const inner = FIGURE_WIDTH - 2 * MARGIN;
  const drawnLegend = legend(keys, 58);
  const top = 58 + drawnLegend.height + ABOVE_PANEL;
  const share = inner / panels.length;
  const drawn = panels.map((draw, index) =>
    draw({
      left: MARGIN + index * share + TICK_WIDTH,
      top,
      width: share - TICK_WIDTH - rightMargin,
      height: panelHeight,
    }),
  );
  const lines = notes.flatMap((note) => wrapText(note, inner));
  const noteTop = top + panelHeight + BELOW_PANEL;
  const body = [
    text(clipText(title, inner, 15), MARGIN, 28, { class: 'title' }),
    text(clipText(subtitle, inner), MARGIN, 46, { class: 'faint' }),
    drawnLegend.markup,
    ...drawn,
    ...lines.map((line, index) => text(line, MARGIN, noteTop + 12 + index * LINE_HEIGHT, { class: 'faint' })),
  ];
  const height = noteTop + lines.length * LINE_HEIGHT + MARGIN - 4;
  const told = [description, ...notes].join(' ');
  return svgFile({ title, description: told, width: FIGURE_WIDTH, height, body: body.join('') });
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly id?: string | undefined;
}

export interface Line {
  readonly name: string;
  readonly style: number;
  /** in the values of the axes; a null is a gap */
  readonly points: readonly (Point | null)[];
}

/** Runs of points without a gap between them. */
function runs(points: readonly (Point | null)[]): Point[][] {
  const out: Point[][] = [[]];
  for (const point of points) {
    if (point) out.at(-1)?.push(point);
    else out.push([]);
  }
  return out.filter((run) => run.length > 0);
}

/** A line with its markers. */
export function drawLine({ style, points }: Line, x: Scale, y: Scale, className = 'line'): string {
  const lines = runs(points)
    .filter((run) => run.length > 1)
    .map((run) =>
      polyline(
        run.map((point) => [x.at(point.x), y.at(point.y)] as const),
        className,
      ),
    );
  const marks = points.flatMap((point) =>
    point ? [marker({ x: x.at(point.x), y: y.at(point.y), style, title: point.title, id: point.id })] : [],
  );
  return group(`s${style}`, ...lines, ...marks);
}

const END_LABEL_HEIGHT = 14;

/** Names behind the lines' last points, where these are apart enough to tell which is whose; undefined where not. */
export function endLabels(lines: readonly Line[], x: Scale, y: Scale, box: Box): string | undefined {
  const ends = lines.map((line) => ({ line, end: line.points.filter((point) => point !== null).at(-1) }));
  const placed = ends.map(({ line, end }) =>
    end
      ? { name: line.name, style: line.style, left: x.at(end.x) + 10, y: y.at(end.y) }
      : { name: '', style: 0, left: 0, y: Number.NaN },
  );
  const furthest = Math.max(...placed.map(({ left }) => left));
  const readable = placed.every(
    (label, index) =>
      // one that ends early would write over the others
      furthest - label.left < 1 &&
      placed.every((other, at) => at <= index || Math.abs(other.y - label.y) >= END_LABEL_HEIGHT),
  );
  const fits = placed.every(({ name, left }) => left + textWidth(name) <= FIGURE_WIDTH - 4);
  if (!readable || !fits) return undefined;
  const kept = placed.map(({ y: at }) => boxAround(0, at, END_LABEL_HEIGHT / 2));
  if (
    kept.some(
      ({ top, height }) =>
        top < box.top - END_LABEL_HEIGHT || top + height > box.top + box.height + END_LABEL_HEIGHT,
    )
  ) {
    return undefined;
  }
  return group('labels', ...placed.map(({ name, left, y: at }) => text(name, left, at + 4)));
}
