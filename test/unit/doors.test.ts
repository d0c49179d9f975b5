import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { literalsOf } from '../../tools/words/literals.ts';

const sourceOf = (path: string): string => readFileSync(path, 'utf8');

/** The flags that our commands have. */
const FLAGS = [
  'src-main/cli.ts',
  'src-main/serve/arguments.ts',
  ...readdirSync('src-main/cli').map((name) => `src-main/cli/${name}`),
]
  .flatMap((path) => literalsOf(sourceOf(path)))
  .filter(({ call }) => /^(?:required)?[oO]ption$/.test(call))
  .flatMap(({ text }) => /^--(?:no-)?([a-z-]+)/.exec(text)?.[1] ?? []);
/** What only a terminal understands. */
const OF_THE_TERMINAL = new RegExp(
  `(?:^|[\\s("'“])--(?:${FLAGS.join('|')})\\b|SNUG_HOME|\\bsame command\\b|\\bcommand line\\b`,
);
/** What only a window has. */
const OF_THE_WINDOW =
  /\b(?:button|click|press|slider|dialog|in (?:the )?(?:settings|options)|settings (?:page|of the app)|shown (?:above|below))\b/i;

/** Commander is given what the terminal alone reads. */
const SQL = /^\s*(?:CREATE|DELETE|INSERT|SELECT|UPDATE)\b/;
const COMMANDER =
  /^(?:(?:required|add)?[oO]ption|addHelpText|showHelpAfterError|description|InvalidArgumentError)$/;

/** Texts of more than a word: a flag alone is an argument for another program. */
function textsBelow(folder: string, isDoor: (path: string) => boolean): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(?:svelte\.)?ts$/.test(name) && !isDoor(name))
    .flatMap((path) =>
      literalsOf(sourceOf(join(folder, path)))
        .filter(
          ({ text, call, internal }) =>
            !internal && /\s/.test(text.trim()) && !COMMANDER.test(call) && !SQL.test(text),
        )
        .map(({ text }) => ({ path, text })),
    );
}

const isTerminal = (path: string): boolean => /^(?:cli(?:\.ts$|\/)|doors\/terminal\/)/.test(path);
const isWindow = (path: string): boolean => /^(?:shell\/|main\.ts$|preload\.ts$)/.test(path);

describe('what every door says', () => {
  it('names no flag and no variable of the terminal: what can be done is a remedy, which each door words', () => {
    const texts = textsBelow('src-main', isTerminal);
    expect(FLAGS).toContain('image-tokens');
    expect(texts.length).toBeGreaterThan(500);
    expect(texts.filter(({ text }) => OF_THE_TERMINAL.test(text))).toEqual([]);
  });

  it('names nothing that only a window has', () => {
    const texts = textsBelow('src-main', isWindow);
    expect(texts.filter(({ text }) => OF_THE_WINDOW.test(text))).toEqual([]);
  });

  it('is not worded for a terminal by the window', () => {
    const texts = textsBelow('src-renderer', () => false);
    expect(texts.length).toBeGreaterThan(100);
    expect(texts.filter(({ text }) => OF_THE_TERMINAL.test(text))).toEqual([]);
  });

  it.each([
    ["fail('too long', { advice: 'Use a longer one (--context).' })", OF_THE_TERMINAL],
    ['const advice = `Give ${most} with --budget.`', OF_THE_TERMINAL],
    ["const advice = 'Choose one ' +\n  'with --mmproj.'", OF_THE_TERMINAL],
    ["throw new SnugError('FILE', 'gone', { advice: 'Choose another in the settings.' })", OF_THE_WINDOW],
  ])('is heard in %s', (source, only) => {
    expect(literalsOf(source).some(({ text }) => only.test(text))).toBe(true);
  });
});
