import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textsOfCode } from './for-people.ts';
import { textsOfNative } from './native-texts.ts';
import { textsOfSvelte } from './svelte-texts.ts';

/**
 * Every text that a person can read, by the file it stands in, to be read in one sitting and seen to change: `npm run words` writes it,
 * `node tools/words/words.ts --check` says when it is out of date.
 */
const root = join(import.meta.dirname, '..', '..');
const LIST = 'docs/words.txt';
const HEAD = 'Every text that a person can read in Snug. Written by `npm run words`; {…} is what is put in.';

const READERS: readonly (readonly [ending: RegExp, textsOf: (source: string) => readonly string[]])[] = [
  [/\.svelte$/, textsOfSvelte],
  [/\.ts$/, textsOfCode],
  [/\.cpp$/, textsOfNative],
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => !path.startsWith('native/build'));
}

function list(): string {
  const parts: string[] = [HEAD];
  for (const path of ['src-main', 'src-renderer', 'native'].flatMap(filesBelow).toSorted()) {
    const textsOf = READERS.find(([ending]) => ending.test(path))?.[1];
    const texts = new Set(
      textsOf?.(readFileSync(join(root, path), 'utf8')).map((text) =>
        text.trim().replace(/\s*\n\s*/g, ' ⏎ '),
      ),
    );
    if (texts.size > 0) parts.push('', path, ...[...texts].map((text) => `  ${text}`));
  }
  return `${parts.join('\n')}\n`;
}

const [now, kept] = [list(), () => readFileSync(join(root, LIST), 'utf8')];
if (!process.argv.includes('--check')) writeFileSync(join(root, LIST), now);
else if (kept() !== now) {
  console.error(`${LIST} is out of date: npm run words writes it anew.`);
  process.exitCode = 1;
}
