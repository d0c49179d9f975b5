import stringWidth from 'string-width';
import { FONT_SIZE, SHAPES, STYLE_SHEET } from './theme.ts';

/** Figures as text: one SVG file each, without scripts or fonts of its own. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Of the font size; wider than most sans-serif fonts are on average, so that what fits by it fits. */
const CHARACTER_WIDTH = 0.6;

/** Text and attribute values; control characters have no place in XML at all. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** Positions to a hundredth of a pixel. */
function round(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** An element of content that is markup already. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : ` ${key}="${typeof value === 'number' ? round(value) : escapeXml(value)}"`,
  );
  const opening = `<${name}${written.join('')}`;
  return content.length === 0 ? `${opening}/>` : `${opening}>${content.join('')}</${name}>`;
}

export function group(className: string, ...content: readonly string[]): string {
  return element('g', { class: className }, ...content);
}

export function text(content: string, x: number, y: number, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(content));
}

export function textWidth(content: string, fontSize = FONT_SIZE): number {
  return stringWidth(content) * fontSize * CHARACTER_WIDTH;
}

/** Lines of at most that width, broken between words. */
export function wrapText(content: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of content.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(clipText(word, width));
  }
  return lines;
}

export function clipText(content: string, width: number, fontSize = FONT_SIZE): string {
  if (textWidth(content, fontSize) <= width) return content;
  let clipped = '';
  for (const character of content) {
    if (textWidth(`${clipped}${character}…`, fontSize) > width) break;
    clipped += character;
  }
  return `${clipped}…`;
}

export interface Marker {
  readonly x: number;
  readonly y: number;
  readonly style: number;
  readonly hollow?: boolean | undefined;
  /** shown when pointed at, where the file itself is open */
  readonly title: string;
  /** the row it stands for */
  readonly id?: string | undefined;
}

export function marker({ x, y, style, hollow = false, title, id }: Marker): string {
  return element(
    'path',
    {
      class: hollow ? 'mark hollow' : 'mark',
      transform: `translate(${round(x)} ${round(y)})`,
      d: SHAPES[style] ?? SHAPES[0],
      'data-row': id,
    },
    element('title', {}, escapeXml(title)),
  );
}

export interface Figure {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly body: string;
}

/** The whole file. It brings its own paper: the page around it may be of the other brightness. */
export function svgFile({ title, description, width, height, body }: Figure): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${round(width)} ${round(height)}`,
      role: 'img',
    },
    element('title', {}, escapeXml(title)),
    element('desc', {}, escapeXml(description)),
    element('style', {}, STYLE_SHEET),
    element('rect', { class: 'paper', width, height }),
    body,
  )}\n`;
}
