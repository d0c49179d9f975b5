import { line as pathOf } from 'd3-shape';
import { axesIn, drawAxes, type Axis, type AxisOf } from './axes.ts';
import { endLabels, type Box } from './labels.ts';
import { drawSheet, FIGURE_WIDTH, panelBoxes, type Frame, type Key } from './sheet.ts';
import { element, group, marker, textWidth } from './svg.ts';

/** Figures of lines with markers. */

export interface Point {
  readonly x: number;
  readonly y: number;
  /** standard error of y, drawn above and below */
  readonly error?: number | undefined;
  readonly title: string;
  readonly id?: string | undefined;
}

export interface Line {
  readonly name: string;
  readonly style: number;
  /** in the values of the axes; a null is a gap */
  readonly points: readonly (Point | null)[];
}

export interface Panel {
  readonly x: AxisOf;
  readonly y: AxisOf;
  readonly lines: readonly Line[];
  /** markers without lines where values have no order */
  readonly joined?: boolean;
}

export function pointsOf(lines: readonly Line[]): Point[] {
  return lines.flatMap(({ points }) => points.filter((point) => point !== null));
}

export const enough = (lines: readonly Line[]) => pointsOf(lines).length >= 2;
export const withPoints = (lines: readonly Line[]) => lines.filter((line) => pointsOf([line]).length > 0);

/** The places of what was measured, and no others. */
export function measuredAt(lines: readonly Line[]): number[] {
  return [...new Set(pointsOf(lines).map(({ x }) => x))].toSorted((a, b) => a - b);
}

/** In words, for whoever does not see the figure. */
export function described(lines: readonly Line[]): string {
  return lines
    .map((line) => {
      const titles = pointsOf([line]).map(({ title }) => title);
      return `${line.name}: ${titles.join(', ')}.`;
    })
    .join(' ');
}

/** A path through positions, interrupted where there is none. */
const pathThrough = pathOf<readonly [number, number] | null>()
  .defined((place) => place !== null)
  .x((place) => place?.[0] ?? 0)
  .y((place) => place?.[1] ?? 0)
  .digits(2);

export function drawPath(places: readonly (readonly [number, number] | null)[], className: string): string {
  return element('path', { class: className, d: pathThrough(places) ?? '' });
}

/** Where the axes have to reach. */
function extremesOf(lines: readonly Line[]): { x: number; y: number }[] {
  return pointsOf(lines).flatMap(({ x, y, error = 0 }) => [
    { x, y: y - error },
    { x, y: y + error },
  ]);
}

function whiskers(points: readonly Point[], { x, y }: { x: Axis; y: Axis }): string[] {
  return points.flatMap(({ x: across, y: mean, error }) => {
    if (!error) return [];
    const at = x.at(across);
    return [
      element('line', { class: 'whisker', x1: at, y1: y.at(mean - error), x2: at, y2: y.at(mean + error) }),
    ];
  });
}

function drawPanel({ x, y, lines, joined = true }: Panel, box: Box): string {
  const axes = axesIn(box, extremesOf(lines), { x, y });
  const place = (point: Point) => [axes.x.at(point.x), axes.y.at(point.y)] as const;
  const drawn = lines.map(({ style, points }) => {
    const path = joined
      ? drawPath(
          points.map((point) => point && place(point)),
          'line',
        )
      : '';
    const marks = points
      .filter((point) => point !== null)
      .map((point) => {
        const [at, down] = place(point);
        return marker({ x: at, y: down, style, title: point.title, id: point.id });
      });
    const errors = whiskers(
      points.filter((point) => point !== null),
      axes,
    );
    return group(`s${style}`, ...errors, path, ...marks);
  });
  return [drawAxes(box, axes), ...drawn].join('');
}

/** The names of a panel's lines where these end, and the frame with room for them; undefined where they would not be readable. */
function namedAtEnds(frame: Frame, panel: Panel): { frame: Frame; labels: string } | undefined {
  const widest = Math.max(...panel.lines.map(({ name }) => textWidth(name)));
  const room = { ...frame, keys: [], rightMargin: widest + 8 };
  const [box] = panelBoxes(room, 1);
  if (!box || widest > FIGURE_WIDTH / 3) return undefined;
  const { x, y } = axesIn(box, extremesOf(panel.lines), panel);
  const ends = panel.lines.map(({ name, points }) => {
    const end = points.findLast((point) => point !== null);
    return { content: name, x: end ? x.at(end.x) : NaN, y: end ? y.at(end.y) : NaN };
  });
  const labels = endLabels(ends);
  return labels === undefined ? undefined : { frame: room, labels };
}

/** Lines named at their ends where there is one panel and the ends are apart, in a legend otherwise. */
export function lineFigure(
  frame: Omit<Frame, 'keys'> & { readonly keys?: readonly Key[] },
  panels: readonly Panel[],
): string {
  const names = new Map(
    panels.flatMap(({ lines }) => lines.map(({ name, style }) => [name, { name, style }])),
  );
  const whole = { keys: [...names.values()], ...frame };
  const [panel, ...others] = panels;
  const named = panel && others.length === 0 ? namedAtEnds(whole, panel) : undefined;
  return drawSheet(
    named?.frame ?? whole,
    panels.map((one) => (box: Box) => drawPanel(one, box) + (named?.labels ?? '')),
  );
}
