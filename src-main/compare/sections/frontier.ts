import { LADDER_FAMILY, type Compared, type Comparison } from '../../contract/comparison.ts';
import {
  answersColumn,
  atK,
  bytesColumn,
  choiceColumn,
  matrixColumn,
  mebibytes,
  nats,
  NONE,
  paragraphs,
  pictureColumn,
  textColumn,
} from '../cells.ts';
import { bestNoLarger, competing, frontier, modelBytes, orderCurves, pictureKld } from '../findings.ts';
import { column, escapeMarkdown, markdownTable, numbers, type Column } from '../markdown.ts';

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
      `${best.length} of ${measured.length} different rows: ${count('uniform')} of one file type, ${count('order')} by an order, ${count(LADDER_FAMILY)} with a rung for every layer.`,
    markdownTable(columns, best),
    rivals(comparison, rows),
  );
}

/** The paper's plan beside the best that is no larger. */
function rivals(comparison: Comparison, rows: readonly Compared[]): string {
  const own = orderCurves(comparison).find(({ name }) => name === 'entropy');
  const measured = own?.rows.filter((row) => pictureKld(row) !== null) ?? [];
  if (measured.length === 0) return '';
  const kinds = [
    ['uniform', 'file type for all layers'],
    [LADDER_FAMILY, 'plan with a rung for every layer'],
  ] as const;
  const sections = kinds.map(([family, what]) => {
    const best = (row: Compared) =>
      bestNoLarger(
        row,
        rows.filter((other) => other.family === family),
      );
    const pairs = measured.flatMap((row) => {
      const rival = best(row);
      return rival ? [{ row, rival }] : [];
    });
    const closer = pairs.filter(({ row, rival }) => (pictureKld(rival) ?? 0) < (pictureKld(row) ?? 0));
    const sentence =
      pairs.length > 0
        ? `A ${what} that is no larger is closer to the source than the paper’s plan at ${atK(closer.map(({ row }) => row))} (${closer.length} of ${pairs.length}).`
        : '';
    return { family, best, sentence };
  });
  const columns: Column<Compared>[] = [
    numbers('k', ({ lowLayers }) => String(lowLayers)),
    bytesColumn,
    pictureColumn,
    ...sections.flatMap(({ family, best }) => [
      column<Compared>(`best ${family} no larger`, (row) => {
        const rival = best(row);
        return rival ? `${escapeMarkdown(rival.name)}, ${mebibytes(rival.weightsBytes)} MiB` : NONE;
      }),
      numbers<Compared>('its KLD', (row) => {
        const rival = best(row);
        return rival ? nats(pictureKld(rival)) : NONE;
      }),
    ]),
  ];
  return paragraphs(
    '### The paper’s plan beside what is no larger',
    markdownTable(columns, measured),
    sections
      .map(({ sentence }) => sentence)
      .filter((sentence) => sentence !== '')
      .join(' '),
  );
}
