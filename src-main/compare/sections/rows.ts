import { LADDER_FAMILY, type Compared, type Comparison } from '../../contract/comparison.ts';
import { CALIBRATION_COLUMNS, nameColumn, paragraphs, rowColumns } from '../cells.ts';
import { isUsual, pictureKld } from '../findings.ts';
import { escapeMarkdown, markdownTable } from '../markdown.ts';

/** What was measured of each row. */

const FAMILIES: readonly (readonly [Compared['family'], string])[] = [
  ['source', 'Source'],
  ['uniform', 'One file type for all layers'],
  ['order', 'The first k layers of an order low'],
  [LADDER_FAMILY, 'A rung for every layer'],
  ['best', 'A type for every tensor'],
  ['rival', 'Other methods, at the sizes of their own formats'],
  ['projector', 'A smaller vision encoder'],
];

export function allRows(comparison: Comparison): string {
  const usual = comparison.calibration;
  const columns = rowColumns(comparison);
  const groups = FAMILIES.map(([family, title]) => {
    const rows = comparison.rows.filter((row) => row.family === family && isUsual(row, usual));
    return rows.length > 0 ? paragraphs(`### ${title}`, markdownTable(columns, rows)) : '';
  });
  const others = comparison.rows.filter((row) => !isUsual(row, usual));
  const other = paragraphs(
    '### Other calibrations',
    markdownTable([nameColumn, ...CALIBRATION_COLUMNS, ...columns.slice(1)], others),
  );
  const unmeasured = comparison.rows.filter((row) => pictureKld(row) === null);
  return paragraphs(
    '## All rows',
    ...groups,
    others.length > 0 ? other : '',
    unmeasured.length > 0
      ? `Without a finite KLD on pictures, and so in no figure and no count below: ${unmeasured.map(({ name }) => escapeMarkdown(name)).join('; ')}.`
      : '',
  );
}
