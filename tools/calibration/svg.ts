/** Small SVG vocabulary shared by every picture family. */

export interface Turn {
  question: string;
  answer: string;
}

export interface Picture {
  name: string;
  kind: string;
  width: number;
  height: number;
  svg: string;
  turns: Turn[];
  heldOut: boolean;
}

export interface Rng {
  next: () => number;
  int: (low: number, high: number) => number;
  pick: <T>(list: readonly T[]) => T;
  shuffle: <T>(list: readonly T[]) => T[];
}

/** Mulberry32: tiny, and the same numbers on every platform, which a rebuild needs. */
export function makeRng(seed: number): Rng {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(list: readonly T[]): T => at(list, int(0, list.length - 1));
  const shuffle = <T>(list: readonly T[]): T[] =>
    list
      .map((item) => ({ item, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map((entry) => entry.item);
  return { next, int, pick, shuffle };
}

/** Indexing that fails loudly: a wrong index would otherwise become a wrong answer in the set. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`index ${index} is outside a list of ${list.length}`);
  return item;
}

const FONTS = {
  sans: 'Liberation Sans, Arial, sans-serif',
  narrow: 'Liberation Sans Narrow, Arial Narrow, sans-serif',
  serif: 'Liberation Serif, Times New Roman, serif',
  noto: 'Noto Sans, sans-serif',
  notoSerif: 'Noto Serif, serif',
  dejavu: 'DejaVu Sans, sans-serif',
  dejavuSerif: 'DejaVu Serif, serif',
  mono: 'DejaVu Sans Mono, monospace',
  typewriter: 'Liberation Mono, Courier New, monospace',
  lato: 'Lato, sans-serif',
  roboto: 'Roboto, sans-serif',
} as const;

export type Font = keyof typeof FONTS;

const AVERAGE: Record<Font, number> = {
  sans: 0.53,
  narrow: 0.44,
  serif: 0.47,
  noto: 0.56,
  notoSerif: 0.56,
  dejavu: 0.59,
  dejavuSerif: 0.6,
  mono: 0.602,
  typewriter: 0.6,
  lato: 0.53,
  roboto: 0.53,
};

/** An estimate on the wide side: text that ends early looks fine, text that is cut off does not. */
export function textWidth(s: string, size: number, font: Font): number {
  const average = AVERAGE[font] * size;
  if (font === 'mono' || font === 'typewriter') return s.length * average;
  let width = 0;
  for (const char of s) {
    if (/[iljtfrI.,:;'!|()[\] ]/.test(char)) width += average * 0.58;
    else if (/[mwMW@%—]/.test(char)) width += average * 1.55;
    else if (/[A-ZÄÖÜ]/.test(char)) width += average * 1.25;
    else if ((char.codePointAt(0) ?? 0) > 0x2e80) width += size;
    else width += average * 1.03;
  }
  return width;
}

export function wrap(s: string, width: number, size: number, font: Font): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of s.split(' ')) {
    const candidate = current === '' ? word : `${current} ${word}`;
    if (current !== '' && textWidth(candidate, size, font) > width) {
      lines.push(current);
      current = word;
    } else current = candidate;
  }
  lines.push(current);
  return lines;
}

function esc(s: string): string {
  return s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

export interface TextOptions {
  size?: number;
  font?: Font;
  fill?: string;
  bold?: boolean;
  italic?: boolean;
  anchor?: 'start' | 'middle' | 'end';
  rotate?: number;
  spacing?: number;
}

export function text(x: number, y: number, s: string, o: TextOptions = {}): string {
  const attributes = [
    `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`,
    `font-family="${FONTS[o.font ?? 'sans']}" font-size="${o.size ?? 16}"`,
    `fill="${o.fill ?? '#111'}" text-anchor="${o.anchor ?? 'start'}" xml:space="preserve"`,
  ];
  if (o.bold) attributes.push('font-weight="bold"');
  if (o.italic) attributes.push('font-style="italic"');
  if (o.spacing) attributes.push(`letter-spacing="${o.spacing}"`);
  if (o.rotate) attributes.push(`transform="rotate(${o.rotate} ${x.toFixed(1)} ${y.toFixed(1)})"`);
  return `<text ${attributes.join(' ')}>${esc(s)}</text>`;
}

export interface ShapeOptions {
  fill?: string;
  stroke?: string;
  width?: number;
  radius?: number;
  dash?: string;
  opacity?: number;
}

function paint(o: ShapeOptions): string {
  const dash = o.dash ? ` stroke-dasharray="${o.dash}"` : '';
  const opacity = o.opacity ? ` fill-opacity="${o.opacity}"` : '';
  const stroke = o.stroke ? ` stroke="${o.stroke}" stroke-width="${o.width ?? 1}"` : '';
  return `fill="${o.fill ?? 'none'}"${stroke}${dash}${opacity}`;
}

export function rect(x: number, y: number, w: number, h: number, o: ShapeOptions = {}): string {
  return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${w.toFixed(1)}" height="${h.toFixed(1)}" rx="${o.radius ?? 0}" ${paint(o)}/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, o: ShapeOptions = {}): string {
  const p = paint({ stroke: '#333', ...o });
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${p}/>`;
}

export function circle(cx: number, cy: number, r: number, o: ShapeOptions = {}): string {
  return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${r.toFixed(1)}" ${paint(o)}/>`;
}

export function path(d: string, o: ShapeOptions = {}): string {
  return `<path d="${d}" stroke-linejoin="round" stroke-linecap="round" ${paint(o)}/>`;
}

export function polygon(points: readonly (readonly [number, number])[], o: ShapeOptions = {}): string {
  return path(`M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`, o);
}

export function sheet(width: number, height: number, background: string, body: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `${rect(0, 0, width, height, { fill: background })}${body.join('')}</svg>`
  );
}

export function listOf(items: readonly string[], and = 'and'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${and} ${at(items, items.length - 1)}`;
}
