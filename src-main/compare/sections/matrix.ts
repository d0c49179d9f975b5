import type { Comparison } from '../../contract/comparison.ts';
import { nats, paragraphs } from '../cells.ts';
import { matrixPairs, pictureKld } from '../findings.ts';
import { column, escapeMarkdown, markdownTable, numbers } from '../markdown.ts';

/** What pictures in the importance matrix are worth. */

export function matrixSection(comparison: Comparison): string {
  const pairs = matrixPairs(comparison);
  if (pairs.length === 0) return '';
  type Pair = (typeof pairs)[number];
  const columns = [
    column<Pair>('file type', ({ multimodal }) => escapeMarkdown(multimodal.name)),
    numbers<Pair>('KLD pictures: pictures and text', ({ multimodal }) => nats(pictureKld(multimodal))),
    numbers<Pair>('text alone', ({ textOnly }) => nats(pictureKld(textOnly))),
    numbers<Pair>('KLD text: pictures and text', ({ multimodal }) => nats(multimodal.quality.text?.meanKld)),
    numbers<Pair>('text alone', ({ textOnly }) => nats(textOnly.quality.text?.meanKld)),
  ];
  const counted = (kind: 'image' | 'text') => {
    const both = pairs.flatMap(({ multimodal, textOnly }) => {
      const a = multimodal.quality[kind]?.meanKld ?? null;
      const b = textOnly.quality[kind]?.meanKld ?? null;
      return a === null || b === null ? [] : [{ closer: a < b, same: a === b }];
    });
    const closer = both.filter((pair) => pair.closer).length;
    const same = both.filter((pair) => pair.same).length;
    return `closer for ${closer} of ${both.length} file types${same > 0 ? `, the same for ${same}` : ''}`;
  };
  return paragraphs(
    '## Importance matrix',
    'The same file types with an importance matrix taken over pictures and text, and over text alone:',
    markdownTable(columns, pairs),
    `With the matrix from pictures and text, on pictures: ${counted('image')}; on text: ${counted('text')}.`,
  );
}
