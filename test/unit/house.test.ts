import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const { default: rules } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../.dependency-cruiser.js')).href
)) as { default: IConfiguration };

/** The names of the rules that a tree of files breaks. */
async function broken(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { output } = await cruise(['.'], {
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden: rules.forbidden ?? [] },
    tsPreCompilationDeps: true,
  });
  return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
}

/** A file that imports another, by their paths: a type where that is all a file can say. */
const importing = (from: string, to: string): string => {
  const path = '../'.repeat(from.split('/').length - 1) + to;
  return from.endsWith('.svelte')
    ? `<script lang="ts">import '${path}';</script>\n`
    : `import type { A } from '${path}';\nexport type A${from.length} = A;\n`;
};
const imported = (path: string): string =>
  path.endsWith('.svelte') ? '<p>A</p>\n' : 'export interface A { a: 1 }\n';

describe('the layers of the house', () => {
  const lowestFirst = [
    'src-main/contract/a.ts',
    'src-main/text/a.ts',
    'src-main/files/a.ts',
    'src-main/gguf/a.ts',
    'src-main/engine/a.ts',
    'src-main/downloads/a.ts',
    'src-main/models/a.ts',
    'src-main/prompt/a.ts',
    'src-main/luq/random.ts',
    'src-main/luq/plan/a.ts',
    'src-main/luq/quality/a.ts',
    'src-main/fit/a.ts',
    'src-main/compare/a.ts',
    'src-main/compress-worker.ts',
    'src-main/services/a.ts',
    'src-main/doors/a.ts',
    'src-main/cli/a.ts',
    'src-main/cli.ts',
  ];
  const windowLowestFirst = [
    'src-main/contract/a.ts',
    'src-renderer/text/a.ts',
    'src-renderer/icons.ts',
    'src-renderer/bridge/a.ts',
    'src-renderer/state/app/a.svelte.ts',
    'src-renderer/components/shell/A.svelte',
    'src-renderer/components/fit/A.svelte',
    'src-renderer/pages/Fit.svelte',
    'src-renderer/App.svelte',
  ];
  const pairs = (order: readonly string[]) =>
    order.slice(1).map((above, index): [below: string, above: string] => [order[index] ?? '', above]);

  it.each([...pairs(lowestFirst), ...pairs(windowLowestFirst)])(
    '%s may not import from %s, which may import from it',
    async (below, above) => {
      const upward = { [below]: importing(below, above), [above]: imported(above) };
      expect(await broken(upward)).toHaveLength(1);
      const downward = { [above]: importing(above, below), [below]: imported(below) };
      expect(await broken(downward)).toEqual([]);
    },
  );
});

describe('other rules of the house', () => {
  const planted: [string, Record<string, string>][] = [
    [
      'no-cycle',
      {
        'src-main/fit/a.ts': "import type { B } from './b.ts';\nexport interface A { b?: B }\n",
        'src-main/fit/b.ts': "import type { A } from './a.ts';\nexport interface B { a?: A }\n",
      },
    ],
    [
      'renderer imports contract alone',
      {
        'src-renderer/a.ts': "export { b } from '../src-main/text/b.ts';\n",
        'src-main/text/b.ts': 'export const b = 1;\n',
      },
    ],
    [
      'a door of its own',
      {
        'src-main/shell/a.ts': "export { b } from '../serve/b.ts';\n",
        'src-main/serve/b.ts': 'export const b = 1;\n',
      },
    ],
    [
      'the packed app carries what it imports',
      {
        'package.json': '{ "devDependencies": { "a": "1" } }',
        'node_modules/a/package.json': '{ "name": "a", "main": "a.js" }',
        'node_modules/a/a.js': 'export const a = 1;\n',
        'src-main/services/a.ts': "export { a } from 'a';\n",
      },
    ],
    [
      'workers by their contracts',
      {
        'src-main/services/a.ts': "export { b } from '../engine/worker-process.ts';\n",
        'src-main/engine/worker-process.ts': 'export const b = 1;\n',
      },
    ],
    ['electron', { 'src-main/services/a.ts': "import 'electron';\n" }],
    ['SQLite', { 'src-main/services/a.ts': "import 'better-sqlite3';\n" }],
    ['HTTP', { 'src-main/downloads/a.ts': "import 'undici';\n" }],
  ];

  it.each(planted)('%s', async (name, files) => {
    expect(await broken(files)).toContain(name);
  });

  it.each([
    ['src-renderer/state/fit/a.ts', 'src-renderer/components/Button.svelte'],
    ['src-renderer/state/chat/a.ts', 'src-renderer/state/fit/a.ts'],
    ['src-renderer/components/chat/A.svelte', 'src-renderer/state/models/a.svelte.ts'],
    ['src-renderer/components/fit/A.svelte', 'src-renderer/components/chat/A.svelte'],
    ['src-renderer/pages/Fit.svelte', 'src-renderer/pages/Chat.svelte'],
    ['src-renderer/components/Button.svelte', 'src-renderer/state/chat/a.ts'],
    ['src-renderer/text/a.ts', 'src-main/text/a.ts'],
  ])('%s may not import from %s', async (from, to) => {
    expect(await broken({ [from]: importing(from, to), [to]: imported(to) })).toHaveLength(1);
  });

  it('a circle of a component and a state', async () => {
    const [component, state] = ['src-renderer/components/A.svelte', 'src-renderer/state/app/a.svelte.ts'];
    const circle = { [component]: importing(component, state), [state]: importing(state, component) };
    expect(await broken(circle)).toContain('no-cycle');
  });
});

/** What ESLint says to a type that a component imports, which the graph of the files does not hold. */
describe('the types that a component imports', () => {
  const eslint = new ESLint({
    ruleFilter: ({ ruleId }) => ruleId === '@typescript-eslint/no-restricted-imports',
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  });
  const said = async (filePath: string, path: string): Promise<readonly string[]> => {
    const text = `<script lang="ts">\n  import type { A } from '${path}';\n</script>\n`;
    const [result] = await eslint.lintText(text, { filePath: `src-renderer/${filePath}` });
    return result?.messages.map(({ message }) => message) ?? [];
  };

  it.each([
    ['components/Planted.svelte', '../../src-main/services/services.ts'],
    ['pages/Planted.svelte', '../../src-main/fit/fit.ts'],
    ['components/Planted.svelte', '../state/fit/fit.svelte.ts'],
    ['components/shell/Planted.svelte', '../../state/chat/chat.svelte.ts'],
    ['components/fit/Planted.svelte', '../../state/chat/chat.svelte.ts'],
    ['components/settings/Planted.svelte', '../models/ModelRow.svelte'],
  ])('%s: not from %s', async (file, path) => {
    expect(await said(file, path)).toHaveLength(1);
  });

  it.each([
    ['components/fit/Planted.svelte', '../../../src-main/contract/model.ts'],
    ['components/fit/Planted.svelte', '../../state/app/app.svelte.ts'],
    ['components/fit/Planted.svelte', '../../state/fit/fit.svelte.ts'],
    ['pages/Planted.svelte', '../state/fit/fit.svelte.ts'],
  ])('%s: from %s', async (file, path) => {
    expect(await said(file, path)).toEqual([]);
  });
});
