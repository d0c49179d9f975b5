import type { Compared, Comparison } from '../contract/comparison.ts';
import type { Divergence } from '../contract/fit-report.ts';
import { formatBytes } from '../contract/bytes.ts';
import { pictureKld } from './findings.ts';
import { column, escapeMarkdown, numbers, type Column } from './markdown.ts';

/** How the tables of a comparison write its numbers, and the columns they share. */

export const NONE = '–';

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

/** Four decimals, or two digits of what is less than that shows. */
export function nats(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  return value === 0 || Math.abs(value) >= 0.001 ? value.toFixed(4) : value.toPrecision(2);
}

function percent(value: number | undefined): string {
  return value === undefined ? NONE : (value * 100).toFixed(1);
}

export function fixed(value: number | null | undefined, digits: number): string {
  return value?.toFixed(digits) ?? NONE;
}

export function list(values: readonly (string | number)[]): string {
  return values.join(', ');
}

const bothOf = (row: Compared, write: (divergence: Divergence | undefined) => string) =>
  `${write(row.quality.image ?? undefined)} / ${write(row.quality.text ?? undefined)}`;

function matrix({ importance }: Compared): string {
  return importance === 'multimodal' ? 'pictures and text' : importance === 'text-only' ? 'text' : 'none';
}

function answers({ quality }: Compared): string {
  return quality.answers ? `${quality.answers.same}/${quality.answers.asked}` : NONE;
}

export const nameColumn: Column<Compared> = column('name', ({ name }) => escapeMarkdown(name));
export const bytesColumn: Column<Compared> = numbers('weights, MiB', ({ weightsBytes }) =>
  mebibytes(weightsBytes),
);
export const pictureColumn: Column<Compared> = numbers('KLD pictures', (row) => nats(pictureKld(row)));
export const textColumn: Column<Compared> = numbers('KLD text', ({ quality }) => nats(quality.text?.meanKld));
export const choiceColumn: Column<Compared> = numbers('same first choice, %', (row) =>
  bothOf(row, (divergence) => percent(divergence?.topAgreement)),
);
export const answersColumn: Column<Compared> = numbers('answers word for word', answers);

export const perplexityColumn: Column<Compared> = numbers('perplexity', (row) =>
  bothOf(row, (divergence) => fixed(divergence?.perplexity, 2)),
);

export const matrixColumn: Column<Compared> = column('importance matrix', matrix);

const ROW_COLUMNS: readonly Column<Compared>[] = [
  nameColumn,
  matrixColumn,
  bytesColumn,
  numbers('vision, MiB', ({ visionBytes }) => mebibytes(visionBytes)),
  numbers('bits/weight', ({ bitsPerWeight }) => bitsPerWeight.toFixed(2)),
  pictureColumn,
  numbers('median', ({ quality }) => nats(quality.image?.medianKld)),
  numbers('99 %', ({ quality }) => nats(quality.image?.p99Kld)),
  textColumn,
  choiceColumn,
  answersColumn,
  perplexityColumn,
  numbers('the source’s', (row) => bothOf(row, (divergence) => fixed(divergence?.sourcePerplexity, 2))),
  numbers('tokens/s predicted', ({ tokensPerSecond }) => fixed(tokensPerSecond, 1)),
  numbers('memory predicted', ({ totalBytes }) => formatBytes(totalBytes)),
];
export const scoreColumn: Column<Compared> = numbers('score', ({ accuracy }) => fixed(accuracy, 1));
const RUNNING_COLUMNS: readonly Column<Compared>[] = [
  numbers('tokens/s measured', ({ running }) => fixed(running?.tokensPerSecond, 1)),
  numbers('prompt tokens/s', ({ running }) => fixed(running?.promptTokensPerSecond, 0)),
  numbers('peak memory', ({ running }) => (running ? formatBytes(running.peakMemoryBytes) : NONE)),
];

/** Columns of what was measured in this comparison. */
export function rowColumns({ rows, task }: Comparison): readonly Column<Compared>[] {
  return [
    ...ROW_COLUMNS,
    ...(task ? [scoreColumn] : []),
    ...(rows.some(({ running }) => running !== null) ? RUNNING_COLUMNS : []),
  ];
}

export const CALIBRATION_COLUMNS: readonly Column<Compared>[] = [
  numbers('α', ({ alpha }) => String(alpha)),
  numbers('K', ({ clusters }) => String(clusters)),
  numbers('seed', ({ seed }) => String(seed)),
];

/** Sections and paragraphs, a blank line between them; what is empty is left out. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** "k = 2, 4", of rows or contests. */
export function atK(rows: readonly { lowLayers: number | null }[]): string {
  return rows.length === 0 ? 'no k' : `k = ${list(rows.map(({ lowLayers }) => lowLayers ?? 0))}`;
}
