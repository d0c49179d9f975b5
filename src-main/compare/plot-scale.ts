/** Axes of a figure: values to positions, and the round values to write beside them. */

export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}
export type Interval = readonly [number, number];

/** Room on both sides of the lowest and highest value; around a single value, something. */
const PADDING = 0.06;

/** Multiples of 1, 2 or 5 times a power of ten, about `count` of them. */
export function niceTicks([low, high]: Interval, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // decimal rounding takes off what multiplying adds: 3 × 0.1
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** At least that long: what differs by less looks as alike as it is. */
function widened([low, high]: Interval, least: number): Interval {
  const missing = Math.max(0, least - (high - low)) / 2;
  return [low - missing, high + missing];
}

function padded([low, high]: Interval): Interval {
  const pad = high > low ? (high - low) * PADDING : Math.abs(low) * PADDING || 1;
  return [low - pad, high + pad];
}

function interpolate([low, high]: Interval, [from, to]: Interval) {
  return (value: number) => from + ((value - low) / (high - low)) * (to - from);
}

function extent(values: readonly number[]): Interval {
  return [Math.min(...values), Math.max(...values)];
}

export interface ScaleOptions {
  /** about how many ticks */
  readonly count?: number;
  /** instead of round values, where only some values have a meaning */
  readonly ticks?: readonly number[] | undefined;
  /** the least the axis spans: a difference on a linear one, a factor on a logarithmic one */
  readonly span?: number;
}

export function linearScale(values: readonly number[], range: Interval, options: ScaleOptions = {}): Scale {
  const { count = 6, ticks, span = 0 } = options;
  const domain = padded(widened(extent(values), span));
  return { at: interpolate(domain, range), ticks: ticks ?? niceTicks(domain, count) };
}

/** Of values above zero. Ticks at 1, 2 and 5 of each power of ten: fewer over many, more within one. */
export function logScale(values: readonly number[], range: Interval, options: ScaleOptions = {}): Scale {
  const { count = 6, ticks, span = 1 } = options;
  const domain = padded(widened(extent(values.map(Math.log10)), Math.log10(span)));
  const [low, high]: Interval = [10 ** domain[0], 10 ** domain[1]];
  const along = interpolate(domain, range);
  const powers = Array.from(
    { length: Math.floor(domain[1]) - Math.floor(domain[0]) + 1 },
    (_, i) => Math.floor(domain[0]) + i,
  );
  const within = (digits: readonly number[]) =>
    powers
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= low && tick <= high);
  const choices = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]].map(within);
  const fitting = choices.filter(({ length }) => length >= 3 && length <= count + 3).at(-1);
  return {
    at: (value) => along(Math.log10(value)),
    ticks: ticks ?? fitting ?? niceTicks([low, high], count),
  };
}
