import { Lexer, Parser, Renderer, Tokenizer, type MarkedOptions, type Token, type Tokens } from 'marked';
import {
  formulaAt,
  formulaBlockAt,
  formulaBlockStart,
  formulaStart,
  toMathml,
  type Formula,
} from './maths.ts';

/*
 * A model's answer as HTML. The words come from outside (a model, and through pictures whoever made them), so nothing of theirs
 * is ever markup: HTML is shown as the text it is, links are https or no links, pictures are not loaded. What comes out is
 * sanitised once more (sanitise.ts) before it reaches the page.
 */

/** Cells beyond which a table stays text: rows are padded to the header's width, so few letters can ask for millions of cells. */
const MOST_TABLE_CELLS = 20_000;
/** Letters of one paragraph that are looked at for emphasis; marked's time for hostile runs grows with their square. */
const MOST_INLINE_LETTERS = 5000;
/** Lists and quotes inside each other; deeper ones stay text, as each level is a call on the stack. */
export const MOST_DEPTH = 16;

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The address of a link that may be followed; null for anything but https. */
export function safeLink(address: string): string | null {
  const url = URL.parse(address);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  return url.href;
}

class AnswerTokenizer extends Tokenizer {
  /** A block of HTML is a paragraph of text. */
  override html(): undefined {
    return undefined;
  }

  /** Line breaks are the one tag that models write in tables. */
  override tag(source: string): Tokens.Tag | undefined {
    const raw = /^<br\s*\/?>/i.exec(source)?.[0];
    return raw === undefined ? undefined : ({ type: 'br', raw } as unknown as Tokens.Tag);
  }

  override table(source: string): Tokens.Table | undefined {
    return tableCells(source) > MOST_TABLE_CELLS ? undefined : super.table(source);
  }
}

/** At most how many cells a table at the start of the text would have. */
function tableCells(source: string): number {
  const end = source.search(/\n[ \t]*\n/);
  const lines = (end < 0 ? source : source.slice(0, end)).split('\n');
  return lines.length * ((lines[0] ?? '').split('|').length - 1);
}

class AnswerLexer extends Lexer {
  #depth = 0;

  override blockTokens(source: string, tokens: Token[] = [], clipped = false): never {
    if (this.#depth >= MOST_DEPTH) {
      tokens.push({ type: 'text', raw: source, text: source } satisfies Tokens.Generic);
      return tokens as never;
    }
    this.#depth++;
    try {
      return super.blockTokens(source, tokens, clipped) as never;
    } finally {
      this.#depth--;
    }
  }

  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    if (source.length <= MOST_INLINE_LETTERS) return super.inlineTokens(source, tokens);
    tokens.push({ type: 'text', raw: source, text: source } satisfies Tokens.Generic);
    return tokens;
  }
}

class AnswerRenderer extends Renderer {
  /** The page has h1 and h2; an answer's headings come below them. */
  override heading({ tokens, depth }: Tokens.Heading): string {
    const level = Math.min(depth + 2, 6);
    return `<h${level} dir="auto">${this.parser.parseInline(tokens)}</h${level}>`;
  }

  override paragraph({ tokens }: Tokens.Paragraph): string {
    return `<p dir="auto">${this.parser.parseInline(tokens)}</p>`;
  }

  override code({ text, lang }: Tokens.Code): string {
    const language = escapeHtml((lang ?? '').trim().split(/\s/)[0]?.slice(0, 40) ?? '');
    return (
      `<div class="code"><div class="code-head"><span>${language || 'text'}</span>` +
      `<button type="button" class="copy-code">Copy</button></div>` +
      `<pre tabindex="0"><code>${escapeHtml(text)}\n</code></pre></div>`
    );
  }

  override html({ text }: Tokens.HTML | Tokens.Tag): string {
    return escapeHtml(text);
  }

  override link({ href, tokens }: Tokens.Link): string {
    return anchor(href, this.parser.parseInline(tokens));
  }

  /** A remote picture would tell its server that it was seen: its words stand for it. */
  override image({ href, text }: Tokens.Image): string {
    return anchor(href, escapeHtml(text || 'picture'));
  }

  override checkbox({ checked }: Tokens.Checkbox): string {
    return checked ? '☑ ' : '☐ ';
  }

  override table(token: Tokens.Table): string {
    return `<div class="table" tabindex="0">${super.table(token)}</div>`;
  }
}

function anchor(href: string, content: string): string {
  const address = safeLink(href);
  if (address === null) return content;
  const shown = escapeHtml(address);
  return `<a href="${shown}" title="${shown}" target="_blank" rel="noopener noreferrer nofollow">${content}</a>`;
}

/** Formulas, which marked does not know. */
const FORMULAS: NonNullable<MarkedOptions['extensions']> = {
  block: [(source) => formulaToken(formulaBlockAt(source))],
  inline: [(source) => formulaToken(formulaAt(source))],
  startBlock: [formulaBlockStart],
  startInline: [formulaStart],
  childTokens: {},
  renderers: { formula: (token) => renderFormula(token as Tokens.Generic & Formula) },
};

function formulaToken(formula: Formula | undefined): (Tokens.Generic & Formula) | undefined {
  return formula && { type: 'formula', ...formula };
}

function renderFormula(formula: Formula): string {
  const mathml = toMathml(formula);
  if (mathml === undefined) return `<code>${escapeHtml(formula.raw.trim())}</code>`;
  return formula.display ? `<div class="formula" tabindex="0">${mathml}</div>` : mathml;
}

function lex(text: string): readonly Token[] {
  // a tokenizer keeps hold of the lexer it serves, and a renderer of its parser: each text gets its own
  const options = { gfm: true, breaks: true, tokenizer: new AnswerTokenizer(), extensions: FORMULAS };
  return new AnswerLexer(options).lex(text);
}

function renderToken(token: Token): string {
  const options = { gfm: true, breaks: true, renderer: new AnswerRenderer(), extensions: FORMULAS };
  return new Parser(options).parse([token]);
}

function plain(text: string): string {
  return `<p class="plain" dir="auto">${escapeHtml(text)}</p>`;
}

/** Markup that may reach the page: a browser's TrustedHTML, or text where there is none. */
export type SafeHtml = string | { toString(): string };

interface Block {
  readonly raw: string;
  readonly html: SafeHtml;
}

/**
 * Renders a text that grows. Blocks (paragraphs, lists, code …) that are complete are kept as they are, so that a token costs
 * the last block and not the whole answer.
 */
export class GrowingMarkdown {
  readonly #sanitise: (html: string) => SafeHtml;
  #blocks: readonly Block[] = [];
  #text = '';

  constructor(sanitise: (html: string) => SafeHtml) {
    this.#sanitise = sanitise;
  }

  /** HTML by block. A text that continues the last one reuses its blocks; `finished` reads the whole text once more. */
  render(text: string, finished: boolean): readonly SafeHtml[] {
    // line ends are settled first: offsets below count letters of what marked reads
    const source = text.replaceAll(/\r\n?/g, '\n');
    const kept = !finished && source.startsWith(this.#text) ? this.#blocks.slice(0, -1) : [];
    const start = kept.reduce((length, block) => length + block.raw.length, 0);
    this.#text = source;
    this.#blocks = [...kept, ...this.#read(source.slice(start))];
    return this.#blocks.map((block) => block.html);
  }

  #read(source: string): readonly Block[] {
    try {
      const blocks: Block[] = [];
      for (const token of lex(source)) {
        const last = blocks.at(-1);
        // blank lines belong to what stands before them: whether it is complete shows only after them
        if (token.type === 'space' && last)
          blocks[blocks.length - 1] = { ...last, raw: last.raw + token.raw };
        else blocks.push(this.#block(token));
      }
      return blocks;
    } catch {
      // a text that marked cannot read is shown as it is: the person still gets the answer
      return [{ raw: source, html: this.#sanitise(plain(source)) }];
    }
  }

  #block(token: Token): Block {
    const known = this.#blocks.find((block) => block.raw === token.raw && block.html !== '');
    return { raw: token.raw, html: known?.html ?? this.#sanitise(renderToken(token)) };
  }
}
