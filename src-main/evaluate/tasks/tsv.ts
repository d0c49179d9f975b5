import { type DataFile, malformed, readText } from './read.ts';

export interface TsvRow {
  /** of the file, counted from 1; a row with quoted line breaks starts here */
  readonly line: number;
  /** by column; an empty cell is left out */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * A tab-separated table with a header, quoted as pandas writes it: a cell with a tab, a line break or a quote stands in
 * double quotes, and a quote in it is doubled.
 */
export function readTsv(data: DataFile): TsvRow[] {
  const [header, ...rows] = splitRows(data, readText(data));
  if (header === undefined) throw malformed(data, '', 'the file is empty');
  return rows.map(({ line, cells }) => {
    if (cells.length > header.cells.length)
      throw malformed(
        data,
        `line ${line}`,
        `${cells.length} cells under a header of ${header.cells.length} columns`,
      );
    const named = cells.flatMap((cell, i) =>
      cell === '' ? [] : [[header.cells[i] as string, cell] as const],
    );
    return { line, cells: Object.fromEntries(named) };
  });
}

/** Pictures make lines of 100 kB and more: each tab and each line end is searched for once, however many cells there are. */
class Next {
  readonly #text: string;
  readonly #character: string;
  #at = -1;

  constructor(text: string, character: string) {
    this.#text = text;
    this.#character = character;
  }

  /** Where the next one is; the text's end where there is none. Places are asked for in ascending order. */
  from(at: number): number {
    if (this.#at >= at) return this.#at;
    const found = this.#text.indexOf(this.#character, at);
    this.#at = found === -1 ? this.#text.length : found;
    return this.#at;
  }
}

function splitRows(data: DataFile, text: string): { line: number; cells: string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  const tabs = new Next(text, '\t');
  const lineEnds = new Next(text, '\n');
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const cells: string[] = [];
    const start = line;
    for (;;) {
      const cell =
        text[at] === '"'
          ? quotedCell(data, text, at, start)
          : plainCell(text, at, tabs.from(at), lineEnds.from(at));
      cells.push(cell.value);
      line += cell.lines;
      at = cell.next;
      if (text[at] !== '\t') break;
      at++;
    }
    if (at < text.length && !/[\r\n]/.test(text[at] as string))
      throw malformed(data, `line ${start}`, 'there is text after the closing quote of a cell');
    at = lineEnds.from(at) + 1;
    line++;
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: start, cells });
  }
  return rows;
}

function plainCell(text: string, at: number, tab: number, end: number) {
  const lineEnd = text[end - 1] === '\r' && end > at ? end - 1 : end;
  const next = Math.min(tab, lineEnd);
  return { value: text.slice(at, next), next, lines: 0 };
}

function quotedCell(data: DataFile, text: string, at: number, line: number) {
  let close = text.indexOf('"', at + 1);
  while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close === -1) throw malformed(data, `line ${line}`, 'a quote is opened and never closed');
  const value = text.slice(at + 1, close).replaceAll('""', '"');
  return { value, next: close + 1, lines: value.split('\n').length - 1 };
}
