import ts from 'typescript';

/** A text in a TypeScript source. */
export interface Literal {
  /** `{…}` where something is put in */
  readonly text: string;
  /** the function or class that it is handed to, or whose result it is compared or looked up with; '' for none */
  readonly call: string;
  /** the property, variable or parameter that it is given to; '' for none */
  readonly name: string;
  /** stands where only the program reads it: an import, a type, a key, a comparison */
  readonly internal: boolean;
  readonly position: number;
}

/** Every text of a source, in its order; what is put together from parts with + is one text. */
export function literalsOf(source: string, fileName = 'source.ts'): readonly Literal[] {
  const file = ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const found: Literal[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined) {
      found.push({ text, ...contextOf(node), position: node.getStart(file) });
      for (const inner of insertedIn(node)) visit(inner);
      return;
    }
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The text of a literal, a template or a sum of those; undefined for anything else. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `{…}${literal.text}`).join('');
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    if (left === undefined && right === undefined) return undefined;
    return (left ?? '{…}') + (right ?? '{…}');
  }
  return undefined;
}

/** What is put into a text: it may hold texts of its own. */
function insertedIn(node: ts.Node): readonly ts.Node[] {
  if (ts.isTemplateExpression(node)) return node.templateSpans.map(({ expression }) => expression);
  if (!ts.isBinaryExpression(node)) return [];
  return [node.left, node.right].flatMap((side) => (textOf(side) === undefined ? [side] : insertedIn(side)));
}

const COMPARED = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.InKeyword,
]);

function contextOf(node: ts.Node): Pick<Literal, 'call' | 'name' | 'internal'> {
  let call = '';
  let name = '';
  let internal = ts.isPropertyAssignment(node.parent) && node.parent.name === node;
  if (ts.isBinaryExpression(node.parent) && COMPARED.has(node.parent.operatorToken.kind)) internal = true;
  if (ts.isElementAccessExpression(node.parent) || ts.isCaseClause(node.parent)) internal = true;
  for (let at: ts.Node = node; at.parent as ts.Node | undefined; at = at.parent) {
    const { parent } = at;
    if (ts.isFunctionLike(parent) || ts.isBlock(parent)) break;
    if (name === '' && call === '' && isNamed(parent) && parent.name !== at) name = parent.name.getText();
    if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression !== at) {
      call = calledName(parent.expression);
      break;
    }
    if (ts.isTaggedTemplateExpression(parent)) internal = true;
  }
  return { call, name, internal };
}

function isNamed(
  node: ts.Node,
): node is ts.PropertyAssignment | ts.VariableDeclaration | ts.PropertyDeclaration {
  return ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node);
}

function calledName(expression: ts.Expression): string {
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
}
