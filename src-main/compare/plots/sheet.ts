import { line } from 'd3-shape';
import { TICK_WIDTH } from './axes.ts';
import type { Box } from './labels.ts';
import { AREA_SHAPE } from './theme.ts';
import { clipText, element, group, marker, svgFile, text, textWidth, wrapText } from './svg.ts';

/** What all figures are made of: heading, legend, panels side by side, and notes under them. */

export const FIGURE_WIDTH = 760;
const MARGIN = 16;
const INNER_WIDTH = FIGURE_WIDTH - 2 * MARGIN;
const LINE_HEIGHT = 16;
const HEADING_HEIGHT = 58;
/** Above a panel: what its y axis counts; below: tick labels and what the x axis counts. */
const ABOVE_PANEL = 24;
const BELOW_PANEL = 44;
const SWATCH_WIDTH = 30;

export interface Key {
  readonly name: string;
  readonly style: number;
  readonly hollow?: boolean;
  /** drawn instead of a marker */
  readonly line?: 'dashed';
  /** a filled square, instead of a marker on a line */
  readonly area?: boolean;
  /** of a style's own, unless this class has the colour */
  readonly colour?: string;
}

/** What stands around the panels. */
export interface Frame {
  readonly title: string;
  readonly subtitle: string;
  readonly description: string;
  readonly keys: readonly Key[];
  readonly notes: readonly string[];
  /** right of each panel, for labels at the ends of lines */
  readonly rightMargin?: number;
  readonly panelHeight?: number;
}

/** Rows of names beside their markers, as many as they need. */
function legendRows(keys: readonly Key[]): { key: Key; left: number; row: number }[] {
  let left = MARGIN;
  let row = 0;
  return keys.map((key) => {
    const name = clipText(key.name, INNER_WIDTH - SWATCH_WIDTH);
    const width = SWATCH_WIDTH + textWidth(name) + 14;
    if (left > MARGIN && left + width > FIGURE_WIDTH - MARGIN) {
      left = MARGIN;
      row++;
    }
    const placed = { key: { ...key, name }, left, row };
    left += width;
    return placed;
  });
}

function legend(keys: readonly Key[]): string {
  const items = legendRows(keys).map(
    ({ key: { name, style, hollow, area, colour, line: stroke }, left, row }) => {
      const y = HEADING_HEIGHT + row * LINE_HEIGHT + LINE_HEIGHT / 2;
      const end = left + SWATCH_WIDTH - 8;
      const path = line()([
        [left, y],
        [end, y],
      ]);
      const swatch = element('path', { class: `line ${stroke ?? ''}`.trim(), d: path ?? '' });
      const shape = area ? AREA_SHAPE : style;
      const mark = stroke ? '' : marker({ x: (left + end) / 2, y, style: shape, hollow, title: name });
      return group(colour ?? `s${style}`, hollow || area ? '' : swatch, mark, text(name, end + 6, y + 4));
    },
  );
  return group('legend', ...items);
}

function legendHeight(keys: readonly Key[]): number {
  const last = legendRows(keys).at(-1);
  return last ? (last.row + 1) * LINE_HEIGHT + 4 : 0;
}

/** Where the panels of a figure stand, from left to right. */
export function panelBoxes({ keys, rightMargin = 14, panelHeight = 280 }: Frame, panels: number): Box[] {
  const share = INNER_WIDTH / panels;
  return Array.from({ length: panels }, (_, index) => ({
    left: MARGIN + index * share + TICK_WIDTH,
    top: HEADING_HEIGHT + legendHeight(keys) + ABOVE_PANEL,
    width: share - TICK_WIDTH - rightMargin,
    height: panelHeight,
  }));
}

/** The figure as a file, each panel drawn by the function that gets its box. */
export function drawSheet(frame: Frame, panels: readonly ((box: Box) => string)[]): string {
  const { title, subtitle, description, keys, notes } = frame;
  const boxes = panelBoxes(frame, panels.length);
  const lines = notes.flatMap((note) => wrapText(note, INNER_WIDTH));
  const noteTop = Math.max(...boxes.map(({ top, height }) => top + height)) + BELOW_PANEL;
  const body = [
    text(clipText(title, INNER_WIDTH, 15), MARGIN, 28, { class: 'title' }),
    text(clipText(subtitle, INNER_WIDTH), MARGIN, 46, { class: 'faint' }),
    legend(keys),
    ...boxes.map((box, index) => panels[index]?.(box) ?? ''),
    ...lines.map((note, index) => text(note, MARGIN, noteTop + 12 + index * LINE_HEIGHT, { class: 'faint' })),
  ];
  return svgFile({
    title,
    description: [description, ...notes].join(' '),
    width: FIGURE_WIDTH,
    height: noteTop + lines.length * LINE_HEIGHT + MARGIN - 4,
    body: body.join(''),
  });
}
