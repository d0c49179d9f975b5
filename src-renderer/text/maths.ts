import temml from 'temml';

/*
 * Formulas in answers: \(…\) and $…$ in a line, \[…\] and $$…$$ on their own, as MathML, which browsers set without fonts or styles of
 * ours. A dollar is money first: what could be a price or a name stays text.
 */

export interface Formula {
  /** with its brackets */
  readonly raw: string;
  readonly tex: string;
  readonly display: boolean;
}

/** Letters of one formula; longer ones stay text. */
const MOST_LETTERS = 2000;
/** Replacements of macros in one formula. */
const MOST_EXPANSIONS = 200;
/** Of a formula's lengths, in ems: none reaches out of its answer. */
const LARGEST_EMS: [number, number] = [10, 10];

const length = `{1,${MOST_LETTERS}}?`;
/** A formula's lines, without an empty one between. */
const lines = String.raw`(?:(?!\n[ \t]*\n)[^])${length}`;
const BRACKETS = new RegExp(String.raw`^\\\[(${lines})\\\]`);
const DOLLARS = new RegExp(String.raw`^\$\$(?!\$)(${lines})\$\$`);
const PARENTHESES = new RegExp(String.raw`^\\\((${lines})\\\)`);
// as pandoc reads them: no space inside, and no digit or letter after
const DOLLAR = new RegExp(String.raw`^\$(?![\s$])((?:\\.|[^\\$\n])${length})(?<!\s)\$(?![\p{L}\p{N}$])`, 'u');
const START = /(?<![\p{L}\p{N}$\\])\$(?!\s)|\\[([]/u;
const BLOCK_START = /\n {0,3}(?:\$\$|\\\[)/;

/** The formula that a text starts with. */
export function formulaAt(source: string): Formula | undefined {
  for (const [pattern, display] of [
    [BRACKETS, true],
    [DOLLARS, true],
    [PARENTHESES, false],
    [DOLLAR, false],
  ] as const) {
    const [raw, tex = ''] = pattern.exec(source) ?? [];
    if (raw === undefined || tex.trim() === '') continue;
    if (pattern === DOLLAR && isProse(tex)) continue;
    return { raw, tex, display };
  }
  return undefined;
}

/** A formula on lines of its own that a text starts with. */
export function formulaBlockAt(source: string): Formula | undefined {
  const indent = /^ {0,3}/.exec(source)?.[0] ?? '';
  const formula = formulaAt(source.slice(indent.length));
  if (!formula?.display) return undefined;
  const end = /^[ \t]*(?:\n|$)/.exec(source.slice(indent.length + formula.raw.length));
  return end ? { ...formula, raw: indent + formula.raw + end[0] } : undefined;
}

/** Where the next formula of a line may start. */
export function formulaStart(source: string): number | undefined {
  return START.exec(source)?.index;
}

/** Where the next formula of a paragraph's own lines may start. */
export function formulaBlockStart(source: string): number | undefined {
  const end = source.indexOf('\n\n');
  return BLOCK_START.exec(end < 0 ? source : source.slice(0, end))?.index;
}

/** Between two prices there are words; in a formula they stand in braces. */
function isProse(tex: string): boolean {
  const bare = tex.replaceAll(/\{[^{}]*\}|\\[a-zA-Z]+/g, ' ');
  return /(?:^|[\s,;:(])\p{L}{3,}/u.test(bare) || /^[\d.,]+\s+\p{L}{2,}/u.test(bare);
}

/** MathML of a formula; undefined where it can't be read. */
export function toMathml({ tex, display }: Pick<Formula, 'tex' | 'display'>): string | undefined {
  try {
    const mathml = temml.renderToString(tex, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: false,
      maxExpand: MOST_EXPANSIONS,
      maxSize: LARGEST_EMS,
    });
    // the page's policy lets no element bring a style; what matters of them is in Markdown.svelte
    return mathml.replaceAll(/ style="[^"]*"/g, '');
  } catch {
    return undefined;
  }
}
