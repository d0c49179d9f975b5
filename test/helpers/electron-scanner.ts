import ts from 'typescript';

/**
 * Looks through sources for what makes an Electron app unsafe (the checklist of Electron's own security guide). The known scanner for
 * this, electronegativity, parses no private fields and asks the network; this one reads TypeScript with its own compiler.
 */

export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
}

interface Rule {
  readonly name: string;
  finds(node: ts.Node, file: string): boolean;
}

const SHELL = /^src-main\/(shell\/|main\.ts$|preload\.ts$)/;

function isSetting(node: ts.Node, name: string, value: ts.SyntaxKind): boolean {
  return (
    ts.isPropertyAssignment(node) &&
    node.name.getText().replaceAll(/['"]/g, '') === name &&
    node.initializer.kind === value
  );
}

/** `x.name(…)` or `name(…)` */
function isCallOf(node: ts.Node, name: string): node is ts.CallExpression {
  if (!ts.isCallExpression(node)) return false;
  const { expression } = node;
  return ts.isPropertyAccessExpression(expression)
    ? expression.name.text === name
    : expression.getText() === name;
}

const on = ts.SyntaxKind.TrueKeyword;
const off = ts.SyntaxKind.FalseKeyword;
const setting = (name: string, value: ts.SyntaxKind): Rule => ({
  name: `${name}: ${value === on}`,
  finds: (node) => isSetting(node, name, value),
});

const RULES: readonly Rule[] = [
  setting('nodeIntegration', on),
  setting('nodeIntegrationInWorker', on),
  setting('nodeIntegrationInSubFrames', on),
  setting('webviewTag', on),
  setting('allowRunningInsecureContent', on),
  setting('experimentalFeatures', on),
  setting('contextIsolation', off),
  setting('sandbox', off),
  setting('webSecurity', off),
  setting('bypassCSP', on),
  {
    name: 'electron is imported outside the shell',
    finds: (node, file) =>
      ts.isImportDeclaration(node) &&
      node.moduleSpecifier.getText().slice(1, -1) === 'electron' &&
      !SHELL.test(file),
  },
  {
    name: 'the remote module',
    finds: (node) =>
      ts.isImportDeclaration(node) && node.moduleSpecifier.getText().includes('@electron/remote'),
  },
  {
    name: 'code from text',
    finds: (node) =>
      isCallOf(node, 'eval') ||
      isCallOf(node, 'executeJavaScript') ||
      (ts.isNewExpression(node) && node.expression.getText() === 'Function'),
  },
  {
    name: 'markup from text other than the sanitised',
    finds: (node, file) =>
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      /\.(inner|outer)HTML$/.test(node.left.getText()) &&
      file.startsWith('src-'),
  },
  {
    name: 'a link opened outside without asking the list of hosts',
    finds: (node) =>
      isCallOf(node, 'openExternal') && !enclosing(node)?.getText().includes('mayOpenOutside('),
  },
  {
    name: 'a channel that does not check who asks',
    finds: (node) => isCallOf(node, 'handle') && isIpc(node) && !node.getText().includes('isOurs('),
  },
  {
    name: 'a channel that answers nobody checked',
    finds: (node) => isCallOf(node, 'on') && isIpc(node) && isMain(node),
  },
  {
    name: 'the page is given ipcRenderer itself',
    finds: (node) =>
      isCallOf(node, 'exposeInMainWorld') &&
      node.arguments.some((argument) =>
        /(^|[\s:,{])ipcRenderer\s*(,|}|$)|\.\.\.ipcRenderer/.test(argument.getText()),
      ),
  },
  {
    name: 'a page from an address',
    finds: (node) => isCallOf(node, 'loadURL') && /['"`](https?|file):/.test(node.getText()),
  },
  {
    name: 'a window opened elsewhere than by openWindow',
    finds: (node, file) =>
      ts.isNewExpression(node) &&
      /^(BrowserWindow|BaseWindow|WebContentsView|BrowserView)$/.test(node.expression.getText()) &&
      file !== 'src-main/shell/window.ts',
  },
];

function isIpc(node: ts.CallExpression): boolean {
  return (
    ts.isPropertyAccessExpression(node.expression) &&
    /^ipc(Main)?$/.test(node.expression.expression.getText())
  );
}

function isMain(node: ts.CallExpression): boolean {
  return node.expression.getText().startsWith('ipcMain');
}

function enclosing(node: ts.Node): ts.Node | undefined {
  return ts.findAncestor(node, (one) => ts.isFunctionDeclaration(one) || ts.isMethodDeclaration(one));
}

/** What is wrong with one source; `file` is its path from the root, with slashes. */
export function scanSource(file: string, text: string): Finding[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    for (const rule of RULES) {
      if (!rule.finds(node, file)) continue;
      findings.push({
        rule: rule.name,
        file,
        line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}
