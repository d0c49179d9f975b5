import { LADDER_FAMILY, type Compared, type Comparison } from '../../contract/comparison.ts';
import {
  answersColumn,
  bytesColumn,
  choiceColumn,
  matrixColumn,
  paragraphs,
  pictureColumn,
  textColumn,
} from '../cells.ts';
import { competing, frontier, modelBytes, pictureKld } from '../findings.ts';
import { column, escapeMarkdown, markdownTable } from '../markdown.ts';

/** What none of the others beats. */

/** Rows of equal size and divergence stand once: with all layers low, all orders are one plan. */
function distinct(rows: readonly Compared[]): { row: Compared; equal: number }[] {
  const groups = Map.groupBy(rows, (row) => `${modelBytes(row)} ${pictureKld(row)}`);
  return [...groups.values()].flatMap(([row, ...equal]) => (row ? [{ row, equal: equal.length }] : []));
}

export function frontierSection(comparison: Comparison): string {
  const rows = competing(comparison);
  const best = distinct(frontier(rows));
  if (best.length === 0) return '';
  const measured = distinct(rows.filter((row) => pictureKld(row) !== null));
  const count = (family: Compared['family']) => best.filter(({ row }) => row.family === family).length;
  const columns = [
    column<(typeof best)[number]>('name', ({ row, equal }) => {
      const more = equal > 0 ? ` and ${equal} equal` : '';
      return `${escapeMarkdown(row.name)}${more}`;
    }),
    ...[matrixColumn, bytesColumn, pictureColumn, textColumn, choiceColumn, answersColumn].map((shown) => ({
      ...shown,
      cell: ({ row }: { row: Compared }) => shown.cell(row),
    })),
  ];
  return paragraphs(
    '## Frontier',
    `Rows that no other row beats: none is at most as large and at most as far from the source on pictures, and less in one of the two. ` +
      `${best.length} of ${measured.length} different rows: ${count('uniform')} of one file type, ${count('order')} by an order, ${count(LADDER_FAMILY)} with a rung for every layer, ${count('best')} with a type for every tensor.`,
    markdownTable(columns, best),
  );
}
