import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { readTsv } from '../../../../src-main/evaluate/tasks/tsv.ts';
import { folderOf } from './folder.ts';

const read = (text: string) =>
  readTsv({ path: join(folderOf({ 't.tsv': text }), 't.tsv'), layout: 'a table' });

it('a table is read by its header, with empty cells left out', () => {
  expect(read('a\tb\tc\n1\t\t3\n4\n')).toEqual([
    { line: 2, cells: { a: '1', c: '3' } },
    { line: 3, cells: { a: '4' } },
  ]);
});

it('quoted cells may hold tabs, line breaks and quotes, and lines are counted past them', () => {
  expect(read('a\tb\n"x\ty\nz"\t"say ""hi"""\nlast\t""\n')).toEqual([
    { line: 2, cells: { a: 'x\ty\nz', b: 'say "hi"' } },
    { line: 4, cells: { a: 'last' } },
  ]);
});

it('a quote within a cell is a character', () => {
  expect(read('a\tb\n5" wide\tx')).toEqual([{ line: 2, cells: { a: '5" wide', b: 'x' } }]);
});

it('line ends of Windows, a byte order mark and blank lines are no part of the cells', () => {
  expect(read('\uFEFFa\tb\r\n1\t"2"\r\n\r\n3\t4')).toEqual([
    { line: 2, cells: { a: '1', b: '2' } },
    { line: 4, cells: { a: '3', b: '4' } },
  ]);
});

it('a table that breaks the format is refused with its line', () => {
  expect(() => read('')).toThrow('the file is empty');
  expect(() => read('a\tb\n1\t2\n1\t2\t3\n')).toThrow('line 3: 3 cells under a header of 2 columns');
  expect(() => read('a\tb\n1\t"2\n')).toThrow('line 2: a quote is opened and never closed');
  expect(() => read('a\tb\n"1"x\t2\n')).toThrow('line 2: there is text after the closing quote');
});

it('a table of one column is searched once for the tabs that it does not have', () => {
  const lines = 300_000;
  const started = performance.now();
  expect(read(`a\n${'some text\n'.repeat(lines)}`)).toHaveLength(lines);
  // searched line by line it takes over ten seconds
  expect(performance.now() - started).toBeLessThan(5000);
});

it('what needs no leniency is read as csv-parse reads it', () => {
  const texts = [
    '',
    'plain',
    'a"b'.repeat(2),
    'tab\there',
    'two\nlines',
    '"',
    '""',
    ' ',
    '模型 😀',
    'cr\rhere',
    '\r\n',
  ];
  const rows = texts.flatMap((first) => texts.map((second) => [first, second, 'end']));
  const quoted = (cell: string) => (/["\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const table = [['a', 'b', 'c'], ...rows].map((row) => row.map(quoted).join('\t')).join('\n');
  const expected = parse<Record<string, string>>(table, { delimiter: '\t', columns: true });
  expect(read(table).map(({ cells }) => ({ a: '', b: '', c: '', ...cells }))).toEqual(expected);
});
