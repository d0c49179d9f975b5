import { group, text, textWidth } from './svg.ts';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Label {
  readonly content: string;
  /** the point it names */
  readonly x: number;
  readonly y: number;
}

const LINE_HEIGHT = 13;
/** From a point to the label beside it. */
const DISTANCE = 8;

function overlap(a: Box, b: Box): boolean {
  return (
    a.left < b.left + b.width &&
    b.left < a.left + a.width &&
    a.top < b.top + b.height &&
    b.top < a.top + a.height
  );
}

function inside(a: Box, b: Box): boolean {
  return (
    a.left >= b.left &&
    a.top >= b.top &&
    a.left + a.width <= b.left + b.width &&
    a.top + a.height <= b.top + b.height
  );
}

/** Below and left of a point on the frontier there is no other; the frontier itself leaves it to the right and upwards. */
const SIDES = [
  [-1, 1],
  [1, -1],
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [1, 1],
  [-1, -1],
] as const;

function boxBeside({ content, x, y }: Label, [across, down]: readonly [number, number]): Box {
  const width = textWidth(content);
  const diagonal = across !== 0 && down !== 0 ? 0.7 : 1;
  return {
    left: x - width / 2 + across * (width / 2 + DISTANCE * diagonal),
    top: y - LINE_HEIGHT / 2 + down * (LINE_HEIGHT / 2 + DISTANCE * diagonal - 1),
    width,
    height: LINE_HEIGHT,
  };
}

export interface PlacedLabel {
  readonly content: string;
  readonly box: Box;
}

/** Each label beside its point where it touches nothing, the first ones choosing first; one without such a place is left out. */
export function placeLabels(labels: readonly Label[], obstacles: readonly Box[], within: Box): PlacedLabel[] {
  const taken = [...obstacles];
  return labels.flatMap((label) => {
    const box = SIDES.map((side) => boxBeside(label, side)).find(
      (candidate) => inside(candidate, within) && !taken.some((other) => overlap(candidate, other)),
    );
    if (!box) return [];
    taken.push(box);
    return [{ content: label.content, box }];
  });
}

export function boxAround(x: number, y: number, radius: number): Box {
  return { left: x - radius, top: y - radius, width: 2 * radius, height: 2 * radius };
}

const END_LABEL_HEIGHT = 14;

/** Names behind the last points of lines, where these end together and are apart enough to tell which is whose; undefined where not. */
export function endLabels(ends: readonly Label[]): string | undefined {
  const furthest = Math.max(...ends.map(({ x }) => x));
  const readable = ends.every(
    (end, index) =>
      // one that ends early would write over the others
      furthest - end.x < 1 &&
      ends.slice(index + 1).every((other) => Math.abs(other.y - end.y) >= END_LABEL_HEIGHT),
  );
  if (!readable) return undefined;
  return group('labels', ...ends.map(({ content, x, y }) => text(content, x + 10, y + 4)));
}
