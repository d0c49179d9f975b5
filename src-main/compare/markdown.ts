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

/** Cells are markup already. */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, index) =>
    Math.max(3, title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const line = (values: readonly string[]) => {
    const padded = values.map((value, index) =>
      columns[index]?.align === 'right'
        ? value.padStart(widths[index] ?? 0)
        : value.padEnd(widths[index] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rules = columns.map(({ align }, index) =>
    align === 'right' ? `${'-'.repeat((widths[index] ?? 3) - 1)}:` : '-'.repeat(widths[index] ?? 3),
  );
  return [line(columns.map(({ title }) => title)), line(rules), ...cells.map(line)].join('\n');
}
