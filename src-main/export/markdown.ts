import { markdownTable } from 'markdown-table';
import stringWidth from 'string-width';
import { visibleLine } from '../text/visible-text.ts';
import { commandLine } from './shell-words.ts';

const LONGEST_TEXT = 300;

/** Words of a file or a person as they are, whatever Markdown would make of them. */
export function code(text: string): string {
  const line = visibleLine(text, LONGEST_TEXT).replaceAll('`', 'ˋ');
  return line.trim() === '' ? '' : `\`${line}\``;
}

/** An address as a link where it is one of the web, else as words. */
export function address(text: string): string {
  const url = /^https?:\/\/[\w./:@%~+=&?#-]+$/i.test(text) ? URL.parse(text) : null;
  return url ? `<${url.href}>` : code(text);
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  return markdownTable(cells, { stringLength: stringWidth });
}

export function commands(...lines: readonly (readonly string[])[]): string {
  return ['```', ...lines.map(commandLine), '```'].join('\n');
}
