import { parse, type AST } from 'svelte/compiler';
import { textsOfCode } from './for-people.ts';

/** Attributes and properties of components whose value is shown or read aloud. */
const SHOWN =
  /^(?:title|label|hint|placeholder|alt|text|error|description|heading|aria-(?:label|valuetext|description|roledescription))$/;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** What people read in a Svelte component, in its order: markup, attributes, and texts in its code. */
export function textsOfSvelte(source: string): readonly string[] {
  const found: { at: number; text: string }[] = [];
  const add = (at: number, text: string): void => {
    const words = text.replace(/\s+/g, ' ').trim();
    if (/\p{L}{2,}/u.test(words.replaceAll('{…}', ''))) found.push({ at, text: words });
  };
  const code = ({ start, end }: Node): void => {
    for (const text of textsOfCode(`(${source.slice(start, end)})`, true)) add(start, text);
  };
  const { fragment, instance, module } = parse(source, { modern: true });
  for (const script of [module, instance]) {
    if (!script) continue;
    const { start, end } = script.content as unknown as Node;
    for (const text of textsOfCode(source.slice(start, end))) add(start, text);
  }
  walk(fragment, {
    run: (nodes) => add(nodes[0]?.start ?? 0, nodes.map(wordsOf).join('')),
    attribute: ({ name, value, start }) => {
      if (SHOWN.test(name) && Array.isArray(value)) add(start, value.map(wordsOf).join(''));
    },
    expression: (tag) => code(tag.expression as unknown as Node),
  });
  return found.toSorted((a, b) => a.at - b.at).map(({ text }) => text);
}

type Piece = AST.Text | AST.ExpressionTag;

function wordsOf(piece: Piece): string {
  return piece.type === 'Text' ? piece.data : '{…}';
}

interface Visitor {
  /** texts and values side by side */
  readonly run: (pieces: readonly Piece[]) => void;
  readonly attribute: (attribute: AST.Attribute) => void;
  readonly expression: (tag: AST.ExpressionTag) => void;
}

function walk(node: unknown, visitor: Visitor): void {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visitor);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const typed = node as { readonly type?: string };
  if (typed.type === 'Fragment') runsOf((node as AST.Fragment).nodes).forEach(visitor.run);
  if (typed.type === 'Attribute') visitor.attribute(node as AST.Attribute);
  if (typed.type === 'ExpressionTag') {
    visitor.expression(node as AST.ExpressionTag);
    return;
  }
  for (const value of Object.values(node)) walk(value, visitor);
}

function runsOf(nodes: readonly unknown[]): Piece[][] {
  const runs: Piece[][] = [[]];
  for (const node of nodes as readonly Piece[]) {
    if (node.type === 'Text' || node.type === 'ExpressionTag') runs.at(-1)?.push(node);
    else runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}
