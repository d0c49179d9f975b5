import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './durable-files.ts';
import { PRIVATE_FILE } from './private-files.ts';
import { visibleLine } from '../text/visible-text.ts';

const MOST_BYTES = 1_000_000;
const KEPT_FILES = 3;
const LONGEST_VALUE = 2000;

export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * What happened in the main process, a line each: time, event, facts as `name=value`. Callers give codes, sizes and counts; never
 * names of files nor words of a chat. Rotated by size, so that it never takes more than three files.
 */
export class LogFile {
  readonly path: string;
  readonly #mostBytes: number;

  constructor(path: string, mostBytes = MOST_BYTES) {
    this.path = path;
    this.#mostBytes = mostBytes;
  }

  write(event: string, facts: Facts = {}): void {
    const told = Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${plain(String(value))}`,
    );
    const line = `${[new Date().toISOString(), event, ...told].join(' ')}\n`;
    try {
      makeFolder(dirname(this.path));
      const bytes = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
      if (bytes > 0 && bytes + Buffer.byteLength(line) > this.#mostBytes) this.#rotate();
      appendFileSync(this.path, line, { mode: PRIVATE_FILE });
    } catch {
      // a log that can't be written (a full disk, …) must not stop what it tells of
    }
  }

  #rotate(): void {
    const older = (age: number) => (age === 0 ? this.path : this.path.replace(/(\.log)?$/, `.${age}.log`));
    for (let age = KEPT_FILES - 2; age >= 0; age--) {
      if (existsSync(older(age))) renameSync(older(age), older(age + 1));
    }
  }
}

/** One word on one line, whatever it was. */
function plain(value: string): string {
  const line = visibleLine(value.replace(/[\r\n]+/g, ' '), LONGEST_VALUE);
  return /\s|^$/.test(line) ? JSON.stringify(line) : line;
}

/** Where an error came from: its functions, with files by their names alone. Its message may hold names of files and is left out. */
export function framesOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) =>
      line
        .trim()
        .replace(/(?:file:\/\/)?(?:[A-Za-z]:)?[\\/][^()]*[\\/]([^\\/()]+)(?=\)|$)/, '$1')
        .replace(/^at /, ''),
    )
    .join(' < ');
}
