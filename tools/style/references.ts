import { posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import { lexer, walkTokens, type Token } from 'marked';

/** What text points at in this repository: the files and headings that Markdown links to, and the paths that it and comments name. */

/** a path of this repository, unless it has a place for a name: src-main/contract/NAME.ts */
const OURS =
  /^(?!.*NAME)(?:\.ci|\.github|bench|docs|native|resources|scripts|src-main|src-renderer|test|tools)\/[\w./*{},-]+$/;
const PAGE_IN_CODE = /(?<![\w/-])docs\/(?:[a-z0-9-]+\/)*[a-z0-9-]+\.md(?:#[\w-]+)?/g;
const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;

export interface Files {
  /** Whether a file or folder lies at a path, or any does that fits a pattern; relative to the root, with forward slashes. */
  has(path: string): boolean;
  /** The text of a Markdown file that is there. */
  markdown(path: string): string;
}

function tokensOf(markdown: string): Token[] {
  const found: Token[] = [];
  void walkTokens(lexer(markdown), (token) => void found.push(token));
  return found;
}

function textOf(token: Token): string {
  if ('tokens' in token && token.tokens) return token.tokens.map(textOf).join('');
  return 'text' in token && typeof token.text === 'string' ? token.text : '';
}

/** The anchors of the headings, as GitHub names them. */
export function anchorsOf(markdown: string): Set<string> {
  const slugger = new GithubSlugger();
  const headings = tokensOf(markdown).filter((token) => token.type === 'heading');
  return new Set(headings.map((heading) => slugger.slug(textOf(heading))));
}

/** The headings that stand twice under the same one, as a merge leaves them. */
export function headingsTwice(markdown: string): string[] {
  const above: string[] = [];
  const seen = new Set<string>();
  return tokensOf(markdown).flatMap((token) => {
    if (token.type !== 'heading') return [];
    const text = textOf(token);
    above.splice(Number(token.depth) - 1, Infinity, text);
    const place = above.join('\n');
    if (!seen.has(place)) {
      seen.add(place);
      return [];
    }
    return [text];
  });
}

function isGone(path: string, anchor: string | undefined, files: Files): boolean {
  if (!files.has(path)) return true;
  return Boolean(anchor && path.endsWith('.md') && !anchorsOf(files.markdown(path)).has(anchor));
}

function isBrokenLink(from: string, target: string, files: Files): boolean {
  if (ELSEWHERE.test(target)) return false;
  const [path = '', anchor] = decodeURIComponent(target).split('#', 2);
  const whole = path ? posix.join(posix.dirname(from), path).replace(/\/$/, '') : from;
  return isGone(whole, anchor, files);
}

/** The links and paths in a Markdown file that lead nowhere, as they are written. */
export function brokenInMarkdown(from: string, files: Files): string[] {
  return tokensOf(files.markdown(from)).flatMap((token) => {
    if (token.type === 'link' || token.type === 'image') {
      const target = String(token.href);
      return isBrokenLink(from, target, files) ? [target] : [];
    }
    const named = token.type === 'codespan' && OURS.test(textOf(token)) ? textOf(token) : undefined;
    return named !== undefined && !files.has(named.replace(/\/$/, '')) ? [named] : [];
  });
}

/** The pages of docs/ that code names in comments and that are not there. */
export function brokenInCode(code: string, files: Files): string[] {
  return [...code.matchAll(PAGE_IN_CODE)]
    .map(([page]) => page)
    .filter((page) => {
      const [path = '', anchor] = page.split('#', 2);
      return isGone(path, anchor, files);
    });
}

/** The Markdown files among `pages` that no link of the index leads to. */
export function unlisted(index: string, pages: readonly string[], files: Files): string[] {
  const listed = new Set(
    tokensOf(files.markdown(index)).flatMap((token) =>
      token.type === 'link'
        ? [posix.join(posix.dirname(index), String(token.href).split('#', 1)[0] ?? '')]
        : [],
    ),
  );
  return pages.filter((page) => page !== index && !listed.has(page));
}

const SCRIPT = /\bnpm run (?:--silent )?([a-z][\w:]*)/g;

/** The scripts that Markdown tells people to run and that package.json doesn't have. */
export function unknownScripts(markdown: string, scripts: ReadonlySet<string>): string[] {
  return [...markdown.matchAll(SCRIPT)].flatMap(([, name = '']) =>
    scripts.has(name) ? [] : [`npm run ${name}`],
  );
}
