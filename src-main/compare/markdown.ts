import { markdownTable as aligned } from 'markdown-table';
import stringWidth from 'string-width';

/** Markdown as prettier writes it, so that a table of numbers can lie in a checked repository. */

export interface Column<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

export function column<Row>(title: string, cell: (row: Row) => string): Column<Row> {
  return { title, align: 'left', cell };
}

export function numbers<Row>(title: string, cell: (row: Row) => string): Column<Row> {
  return { title, align: 'right', cell };
}

/** Text that came from a file: none of it is markup, and it stays on its line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\|`*[\]<>&~]/g, (character) => `\\${character}`)
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_');
}

/** Cells are markup already. A column is at least three wide, as prettier has it. */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const titles = columns.map(({ title, align }) => (align === 'right' ? title.padStart(3) : title.padEnd(3)));
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  return aligned([titles, ...cells], {
    align: columns.map(({ align }) => (align === 'right' ? 'r' : null)),
    stringLength: stringWidth,
  });
}
