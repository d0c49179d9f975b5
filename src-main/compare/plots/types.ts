import type { Comparison } from '../../contract/comparison.ts';
import { tensorTypes } from '../../gguf/tensor-types.ts';
import { TENSOR_CLASSES } from '../../luq/allocate/tensor-class.ts';
import { layerOf } from '../../models/model-file.ts';
import { competing } from '../findings.ts';
import type { Box } from './labels.ts';
import { drawable, rowTitle, subtitleOf, type Drawable } from './rows.ts';
import { drawSheet, type Key } from './sheet.ts';
import { clipText, element, escapeXml, group, text, textWidth } from './svg.ts';
import { AREA_SHAPE, FONT_SIZE, rampClass } from './theme.ts';

/** Which type each tensor has in a plan that chooses one for every tensor: layers down, classes of tensors across. */

const CELL_HEIGHT = 15;
const GAP = 1;
/** Of a matrix's name, in the order in which a layer multiplies them; others stand behind, as they come. */
const KNOWN_CLASSES: readonly string[] = ['attn_qkv', ...TENSOR_CLASSES];

interface Cell {
  /** undefined outside the layers */
  readonly layer: number | undefined;
  readonly class: string;
  readonly type: string;
}

/** "blk.3.ffn_down.weight" is of class ffn_down. */
function cellOf(name: string, type: string): Cell {
  const className = name.replace(/^blk\.\d+\./, '').replace(/\.weight$/, '');
  return { layer: layerOf(name), class: className, type };
}

function classesOf(cells: readonly Cell[]): string[] {
  const found = [...new Set(cells.map((cell) => cell.class))];
  const place = (name: string) => {
    const index = KNOWN_CLASSES.indexOf(name);
    return index === -1 ? KNOWN_CLASSES.length : index;
  };
  return found.toSorted((a, b) => place(a) - place(b));
}

function bitsOf(type: string): number {
  const found = tensorTypes().find(({ name }) => name === type);
  return found ? (found.blockBytes * 8) / found.blockSize : Infinity;
}

function drawCell({ type }: Cell, title: string, { left, top, width, height }: Box): string {
  const place = { x: left, y: top, width: width - GAP, height: height - GAP };
  const rect = element('rect', { class: 'area', ...place }, element('title', {}, escapeXml(title)));
  const short = clipText(type, width - GAP);
  const middle = { class: 'on', 'text-anchor': 'middle' };
  const label = text(short, left + (width - GAP) / 2, top + (height + FONT_SIZE) / 2 - 2, middle);
  return group(rampClass(bitsOf(type)), rect, label);
}

/** A row for each layer; what is outside of them stands in one more. */
function drawCells(cells: readonly Cell[], box: Box): string {
  const inside = cells.filter(({ layer }) => layer !== undefined);
  const outside = cells.filter(({ layer }) => layer === undefined);
  const classes = classesOf(inside);
  const width = box.width / Math.max(1, classes.length);
  const layers = layersOf(cells);
  const heads = classes.map((name, index) =>
    text(clipText(name, width), box.left + (index + 0.5) * width, box.top - 6, { 'text-anchor': 'middle' }),
  );
  const numbers = Array.from({ length: layers }, (_, layer) =>
    text(String(layer), box.left - 6, box.top + layer * CELL_HEIGHT + FONT_SIZE, {
      class: 'faint',
      'text-anchor': 'end',
    }),
  );
  const drawn = inside.map((cell) => {
    const left = box.left + classes.indexOf(cell.class) * width;
    const at = { left, top: box.top + (cell.layer ?? 0) * CELL_HEIGHT, width, height: CELL_HEIGHT };
    return drawCell(cell, `layer ${cell.layer}, ${cell.class}: ${cell.type}`, at);
  });
  return [...heads, ...numbers, ...drawn, ...drawOutside(outside, box, layers)].join('');
}

function drawOutside(cells: readonly Cell[], box: Box, layers: number): string[] {
  const top = box.top + (layers + 0.5) * CELL_HEIGHT;
  let left = box.left;
  return cells.flatMap((cell) => {
    const name = `${cell.class} `;
    const at = { left: left + textWidth(name), top, width: textWidth(cell.type) + 12, height: CELL_HEIGHT };
    const label = text(cell.class, left, top + FONT_SIZE);
    left = at.left + at.width + 14;
    return [label, drawCell(cell, `${cell.class}: ${cell.type}`, at)];
  });
}

const layersOf = (cells: readonly Cell[]) => Math.max(-1, ...cells.map(({ layer }) => layer ?? -1)) + 1;

function keysOf(cells: readonly Cell[]): Key[] {
  const types = [...new Set(cells.map(({ type }) => type))].toSorted((a, b) => bitsOf(a) - bitsOf(b));
  return types.map((type) => ({
    name: `${type} (${bitsOf(type).toFixed(2)})`,
    style: AREA_SHAPE,
    area: true,
    colour: rampClass(bitsOf(type)),
  }));
}

function drawFigure(comparison: Comparison, row: Drawable, types: Readonly<Record<string, string>>): string {
  const cells = Object.entries(types)
    .filter(([name]) => name.endsWith('.weight'))
    .map(([name, type]) => cellOf(name, type))
    .filter(({ type }) => type !== 'F32');
  const layers = layersOf(cells);
  const outside = cells.some(({ layer }) => layer === undefined);
  const told = cells.map(({ layer, class: name, type }) => `${layer ?? ''} ${name} ${type}`.trim());
  return drawSheet(
    {
      title: `A type for every tensor: ${row.bitsPerWeight.toFixed(2)} bits per weight`,
      subtitle: subtitleOf(comparison),
      description: `${rowTitle(row)}. The type of each tensor by layer and class: ${told.join(', ')}.`,
      keys: keysOf(cells),
      notes: [
        `${rowTitle(row)}. In brackets: bits per weight of the type. Layers from the first to the last.`,
      ],
      panelHeight: (layers + (outside ? 1.5 : 0)) * CELL_HEIGHT,
    },
    [(box) => drawCells(cells, box)],
  );
}

/** A figure for each plan that chooses a type for every tensor, by its bits per weight: file name → SVG. */
export function typesFigures(comparison: Comparison): Record<string, string> {
  const rows = drawable(competing(comparison)).flatMap((row) =>
    row.tensorTypes ? [[row, row.tensorTypes] as const] : [],
  );
  return Object.fromEntries(
    rows.map(([row, types]) => [
      `types-${row.bitsPerWeight.toFixed(2)}-bits.svg`,
      drawFigure(comparison, row, types),
    ]),
  );
}
