import type { Compared, Comparison } from '../../contract/comparison.ts';
import {
  answersColumn,
  choiceColumn,
  fixed,
  nameColumn,
  NONE,
  paragraphs,
  perplexityColumn,
  pictureColumn,
  scoreColumn,
  textColumn,
} from '../cells.ts';
import { isUsual } from '../findings.ts';
import { markdownTable, numbers, type Column } from '../markdown.ts';

/** The table of the paper's page for this model: the methods that LUQ is compared with, LUQ, and what llama.cpp and Snug offer. */

function groupsOf(comparison: Comparison): Compared[] {
  const rows = comparison.rows.filter(
    (row) => isUsual(row, comparison.calibration) && row.importance !== 'text-only',
  );
  const of = (family: Compared['family']) => rows.filter((row) => row.family === family);
  const own = of('order').filter(({ ordering }) => ordering === 'entropy');
  return [...of('source'), ...of('rival'), ...own, ...of('best'), ...of('uniform')];
}

const columns: readonly Column<Compared>[] = [
  {
    ...nameColumn,
    title: 'method',
    cell: (row) => (row.ordering ? `LUQ, ${nameColumn.cell(row)}` : nameColumn.cell(row)),
  },
  numbers('bits, by its paper', ({ rival }) => fixed(rival?.paperBits, 2)),
  numbers('bits/weight in the layers', ({ layerBits }) => fixed(layerBits, 2)),
  numbers('bits/weight in all', ({ bitsPerWeight }) => bitsPerWeight.toFixed(2)),
  pictureColumn,
  textColumn,
  choiceColumn,
  answersColumn,
  perplexityColumn,
];

export function methodsSection(comparison: Comparison): string {
  const rows = groupsOf(comparison);
  if (!rows.some(({ family }) => family === 'rival')) return '';
  return paragraphs(
    '## The paper’s table for this model',
    markdownTable([...columns, ...(comparison.task ? [scoreColumn] : [])], rows),
    [
      'GPTQ (arXiv 2210.17323), AWQ (2306.00978) and BiLLM (2402.04291) are written here from their papers, as references for quality:',
      'weights of the matrices in the layers that were quantized and turned back into 16-bit floats, with the same calibration, and the rest of the model as the paper’s plan has it.',
      'llama.cpp does not run their formats. Their sizes are those of what these would store: codes, scales of 16 bits, zero points, for BiLLM the signs and bitmaps too;',
      `“by its paper” leaves out what that paper does not count, and g128 stands for scales of every 128 columns in place of a row. ${NONE} stands for what is not told.`,
    ].join(' '),
  );
}
