import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { styleText } from 'node:util';
import { visibleJson, visibleLine, visibleText } from '../../text/visible-text.ts';

/**
 * The one way to a terminal. Names, paths, errors and answers come from others, and may hold what moves the cursor, sets a title or writes
 * to the clipboard: all of it is shown as such. Our own colours carry a mark that nobody outside this process can know.
 */

const MARK = randomUUID();
const COLOUR = new RegExp(`(${MARK}\\[\\d+(?:;\\d+)*m)`);

/** Longer lines are no use to anybody who reads them. */
const LONGEST_LINE = 4000;
const MOST_LINES = 1000;

/** Text in a colour, where standard output shows any. */
export function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, visibleText(text), { stream: process.stdout }).replaceAll('\x1b', MARK);
}

/** One line as it is written: our own colours, and nothing else that acts. */
function shown(line: string): string {
  let left = LONGEST_LINE;
  const parts = line.split(COLOUR).map((part, i) => {
    // every second part is what was split at
    if (i % 2 === 1) return part.replace(MARK, '\x1b');
    const text = left > 0 ? visibleLine(part, left) : '';
    left -= part.length;
    return text;
  });
  return parts.join('');
}

export class TerminalOutput {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY;
  }

  /** Each on a line of its own, whatever it holds. */
  lines(...lines: readonly string[]): void {
    this.#stream.write(lines.map((line) => `${shown(line)}\n`).join(''));
  }

  /** Text that may have several lines. */
  text(text: string): void {
    const lines = text.split(/\r?\n/);
    const more = lines.length > MOST_LINES ? [`… (${lines.length - MOST_LINES} more lines)`] : [];
    this.lines(...lines.slice(0, MOST_LINES), ...more);
  }

  /** A piece of text that is not at its end; it ends no line. */
  piece(text: string): void {
    this.#stream.write(visibleText(text.replaceAll('\r\n', '\n')));
  }

  json(value: unknown): void {
    this.#stream.write(`${visibleJson(value)}\n`);
  }

  /** Writes the line that the cursor is in anew. */
  redraw(line: string): void {
    this.#stream.write(`\r\x1b[2K${shown(line)}`);
  }
}

/** What a command is asked for. */
export const output = new TerminalOutput(process.stdout);
/** What a person should know beside it: progress, notes, errors. */
export const messages = new TerminalOutput(process.stderr);
