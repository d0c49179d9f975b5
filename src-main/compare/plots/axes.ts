import { scaleLinear, scaleLog } from 'd3-scale';
import type { Box } from './labels.ts';
import { element, group, text } from './svg.ts';

/** Values to positions, and what is written beside them. */

/** Room on both sides of the lowest and highest value; around a single value, something. */
const PADDING = 0.06;
/** Left of a panel, for tick labels. */
export const TICK_WIDTH = 46;

export interface Axis {
  readonly label: string;
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  /** empty for a tick that is drawn without a number */
  readonly format: (tick: number) => string;
}

type Interval = readonly [number, number];
/** An axis of a panel, once its values are known and where it runs. */
export type AxisOf = (values: readonly number[], range: Interval) => Axis;

export interface AxisOptions {
  readonly label: string;
  /** of values above zero */
  readonly log?: boolean;
  /** about how many ticks */
  readonly count?: number;
  /** instead of round values, where only some values have a meaning */
  readonly ticks?: readonly number[];
  /** which of the round values have a meaning */
  readonly keep?: (tick: number) => boolean;
  /** the least the axis spans: a difference on a linear one, a factor on a logarithmic one */
  readonly span?: number;
  /** room beyond the lowest and highest value, of what lies between them */
  readonly padding?: number;
  readonly format?: (tick: number) => string;
}

/** 0.05, 1200, 3e-7: as short as it is exact. */
function shortNumber(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return rounded !== 0 && Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}

/** With room around it, and at least as long as `span`: what differs by less looks as alike as it is. */
function padded(values: readonly number[], span: number, padding = PADDING): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const missing = Math.max(0, span - (high - low)) / 2;
  const length = Math.max(span, high - low);
  const pad = length > 0 ? length * padding : Math.abs(low) * PADDING || 1;
  return [low - missing - pad, high + missing + pad];
}

function linearScale(
  values: readonly number[],
  range: Interval,
  { count = 6, span = 0, padding }: AxisOptions,
) {
  const scale = scaleLinear()
    .domain(padded(values, span, padding))
    .range(range);
  return { at: scale, ticks: scale.ticks(count), told: () => true };
}

function logScale(values: readonly number[], range: Interval, { count = 6, span = 1 }: AxisOptions) {
  const [low, high] = padded(values.map(Math.log10), Math.log10(span));
  const scale = scaleLog()
    .domain([10 ** low, 10 ** high])
    .range(range);
  const label = scale.tickFormat(count);
  return { at: scale, ticks: scale.ticks(count), told: (tick: number) => label(tick) !== '' };
}

export function axisOf(options: AxisOptions): AxisOf {
  const { label, log = false, ticks, keep = () => true, format = shortNumber } = options;
  return (values, range) => {
    const scale = (log ? logScale : linearScale)(values, range, options);
    return {
      label,
      at: scale.at,
      ticks: ticks ?? scale.ticks.filter(keep),
      format: (tick) => (ticks || scale.told(tick) ? format(tick) : ''),
    };
  };
}

/** The two axes of a panel in its box. */
export function axesIn(
  box: Box,
  points: readonly { readonly x: number; readonly y: number }[],
  { x, y }: { readonly x: AxisOf; readonly y: AxisOf },
): { x: Axis; y: Axis } {
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

/** Grid, ticks and names of both axes. */
export function drawAxes(box: Box, { x, y }: { readonly x: Axis; readonly y: Axis }): string {
  const [right, bottom] = [box.left + box.width, box.top + box.height];
  const horizontal = y.ticks.flatMap((tick) => {
    const [at, label] = [y.at(tick), y.format(tick)];
    const grid = { class: label === '' ? 'grid minor' : 'grid', x1: box.left, y1: at, x2: right, y2: at };
    return [
      element('line', grid),
      ...(label === '' ? [] : [text(label, box.left - 6, at + 4, { class: 'faint', 'text-anchor': 'end' })]),
    ];
  });
  const vertical = x.ticks.flatMap((tick) => {
    const at = x.at(tick);
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
