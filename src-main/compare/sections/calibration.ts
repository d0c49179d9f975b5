import type { Compared, Comparison } from '../../contract/comparison.ts';
import { answersColumn, choiceColumn, nats, paragraphs, pictureColumn, textColumn } from '../cells.ts';
import { pictureKld, variations, type Series, type Varied } from '../findings.ts';
import { column, escapeMarkdown, markdownTable, numbers } from '../markdown.ts';

/** What the calibration decides. */

const VARIED: readonly (readonly [Varied, string, string])[] = [
  ['alpha', 'α', '### α: share of image tokens'],
  ['clusters', 'K', '### K: clusters'],
  ['seed', 'seed', '### Seed'],
];

export function calibrationSection(comparison: Comparison): string {
  const parts = VARIED.flatMap(([varied, symbol, title]) => {
    const series = variations(comparison, varied);
    if (series.length === 0) return [];
    const rows = series.flatMap(({ name, rows: ofIt }) => ofIt.map((row) => ({ name, row })));
    const columns = [
      column<(typeof rows)[number]>('plan', ({ name }) => escapeMarkdown(name)),
      numbers<(typeof rows)[number]>(symbol, ({ row }) => String(row[varied])),
      ...[pictureColumn, textColumn, choiceColumn, answersColumn].map((shown) => ({
        ...shown,
        cell: ({ row }: { row: Compared }) => shown.cell(row),
      })),
    ];
    const sentences = series.map((one) => spread(one, varied, symbol)).filter((sentence) => sentence !== '');
    return [paragraphs(title, markdownTable(columns, rows), sentences.join(' '))];
  });
  return parts.length === 0 ? '' : paragraphs('## Calibration', ...parts);
}

function spread({ name, rows }: Series, varied: Varied, symbol: string): string {
  const measured = rows.filter((row) => pictureKld(row) !== null);
  const ascending = measured.toSorted((a, b) => (pictureKld(a) ?? 0) - (pictureKld(b) ?? 0));
  const [least, most] = [ascending[0], ascending.at(-1)];
  if (!least || !most || least === most) return '';
  const [low, high] = [pictureKld(least) ?? 0, pictureKld(most) ?? 0];
  const plan = escapeMarkdown(name);
  if (low === high) return `${plan}: the same KLD on pictures at all ${measured.length}.`;
  const ratio = low > 0 ? ` (${(high / low).toFixed(2)} times the least)` : '';
  return `${plan}: KLD on pictures from ${nats(low)} at ${symbol} = ${least[varied]} to ${nats(high)} at ${symbol} = ${most[varied]}${ratio}.`;
}
