import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** What decides how a pasted path is understood. */
export interface PathSurroundings {
  /** backslashes separate folders; elsewhere they keep the next letter as it is */
  readonly windows: boolean;
  readonly home: string;
  readonly exists: (path: string) => boolean;
}

const here: PathSurroundings = {
  windows: process.platform === 'win32',
  home: homedir(),
  exists: existsSync,
};

/** One page of a document, as browsers write it behind its address. */
const PAGE = /#page=\d+$/;
/** Names have fewer words; each is a look at the disk. */
const MOST_WORDS = 30;

/**
 * The paths in a text that was typed or pasted: of files dragged into a terminal (in quotes, or with backslashes before spaces), copied in
 * a file manager ("Copy as path", `file://` addresses), with `~` for the home folder; several on a line, or one on each. A path with
 * spaces needs no quotes where such a file is there. What is no file stays as it was written, so that an error can name it.
 */
export function pastedPaths(text: string, surroundings: PathSurroundings = here): string[] {
  return text.split(/\r?\n|\r/).flatMap((line) => pathsOfLine(line, surroundings));
}

/** One path as a shell hands it to a program: quotes are gone, `file://` and a `~` that wasn't expanded are not. */
export function givenPath(text: string, surroundings: PathSurroundings = here): string {
  return surroundings.exists(text) ? text : expanded(text, surroundings);
}

/** How a file is written that was dragged into a terminal. */
const DRAGGED = /^(?:["'~/]|file:|[a-z]:\\)/i;

/** A line of words into which files were dragged, at its start or its end. */
export function draggedInto(
  line: string,
  isWanted: (path: string) => boolean,
  surroundings: PathSurroundings = here,
): { readonly paths: readonly string[]; readonly words: string } {
  const words = wordsOf(line, surroundings.windows);
  const fileOf = (first: number, end: number): string | undefined => {
    if (!DRAGGED.test(line.slice(words[first]?.from))) return undefined;
    const path = pathOf(line, words.slice(first, end + 1), surroundings);
    return isWanted(path) && isThere(path, surroundings) ? path : undefined;
  };
  const before: string[] = [];
  const behind: string[] = [];
  let [first, last] = [0, words.length - 1];
  const cutStart = () => {
    for (let end = Math.min(last, first + MOST_WORDS - 1); end >= first; end--) {
      const path = fileOf(first, end);
      if (path === undefined) continue;
      before.push(path);
      first = end + 1;
      return true;
    }
    return false;
  };
  const cutEnd = () => {
    for (let start = Math.max(first, last - MOST_WORDS + 1); start <= last; start++) {
      const path = fileOf(start, last);
      if (path === undefined) continue;
      behind.unshift(path);
      last = start - 1;
      return true;
    }
    return false;
  };
  while (cutStart());
  while (cutEnd());
  return {
    paths: [...before, ...behind],
    words: first > last ? '' : line.slice(words[first]?.from, words[last]?.to),
  };
}

function pathsOfLine(line: string, surroundings: PathSurroundings): string[] {
  // no \s: macOS puts a narrow no-break space into the names of screenshots
  const whole = line.replace(/^[ \t]+|[ \t]+$/g, '');
  if (whole === '') return [];
  if (isThere(expanded(whole, surroundings), surroundings)) return [expanded(whole, surroundings)];
  const words = wordsOf(whole, surroundings.windows);
  const paths: string[] = [];
  let found = false;
  for (let first = 0; first < words.length;) {
    const { path, end } = longestPath(whole, words, first, surroundings);
    found ||= end !== undefined;
    paths.push(path);
    first = (end ?? first) + 1;
  }
  // words without any quotes of which none is a file: a path with spaces that is mistyped, rather than several
  const plain = words.every(({ from, to, text }) => whole.slice(from, to) === text);
  return found || !plain ? paths : [expanded(whole, surroundings)];
}

/** The words from `first` that are a file when taken together, at most; without an `end`: the first word, which is none. */
function longestPath(
  line: string,
  words: readonly Word[],
  first: number,
  surroundings: PathSurroundings,
): { path: string; end?: number } {
  for (let end = Math.min(words.length, first + MOST_WORDS) - 1; end >= first; end--) {
    const path = pathOf(line, words.slice(first, end + 1), surroundings);
    if (isThere(path, surroundings)) return { path, end };
  }
  return { path: expanded((words[first] as Word).text, surroundings) };
}

/** Words taken together, with the spaces between them as they were written. */
function pathOf(line: string, words: readonly Word[], surroundings: PathSurroundings): string {
  const written = line.slice(words[0]?.from, words.at(-1)?.to);
  const together = wordsOf(written, surroundings.windows)
    .map((word, i, all) => ' '.repeat(i === 0 ? 0 : word.from - (all[i - 1] as Word).to) + word.text)
    .join('');
  return expanded(together, surroundings);
}

interface Word {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** A POSIX shell's words, or those of Windows, where a backslash is no escape and a name may hold an apostrophe. */
const POSIX_WORD = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^ \t])+/g;
const WINDOWS_WORD = /(?:"[^"]*"|(?<![^ \t])'(?:''|[^'])*'(?![^ \t])|[^ \t])+/g;

function wordsOf(line: string, windows: boolean): Word[] {
  return [...line.matchAll(windows ? WINDOWS_WORD : POSIX_WORD)].map(({ 0: raw, index }) => ({
    text: windows ? withoutWindowsQuotes(raw) : withoutPosixQuotes(raw),
    from: index,
    to: index + raw.length,
  }));
}

function withoutPosixQuotes(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g,
    (_, single: string | undefined, double: string | undefined, escaped: string | undefined) =>
      single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? '',
  );
}

function withoutWindowsQuotes(word: string): string {
  // PowerShell's own: an apostrophe inside is doubled
  if (/^'.*'$/.test(word)) return word.slice(1, -1).replaceAll("''", "'");
  return word.replaceAll('"', '');
}

function isThere(path: string, { exists }: PathSurroundings): boolean {
  return exists(path) || (PAGE.test(path) && exists(path.replace(PAGE, '')));
}

function expanded(path: string, { windows, home }: PathSurroundings): string {
  if (/^file:\/\//i.test(path)) return pathOfAddress(path, windows);
  if (path === '~') return home;
  const inHome = windows ? /^~[\\/]/ : /^~\//;
  return inHome.test(path) ? join(home, path.slice(2)) : path;
}

function pathOfAddress(address: string, windows: boolean): string {
  try {
    const page = PAGE.exec(address)?.[0] ?? '';
    const url = new URL(address.slice(0, address.length - page.length));
    // a path that somebody wrote behind file://, with letters that an address would encode
    url.pathname += (url.search + url.hash).replace('?', '%3F').replace('#', '%23');
    url.search = '';
    url.hash = '';
    if (!windows && url.hostname !== '') url.hostname = '';
    return fileURLToPath(url, { windows }) + page;
  } catch {
    // no address that leads to a file: whoever opens it says so
    return address;
  }
}
