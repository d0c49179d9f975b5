import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
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

describe('the layers of the house', () => {
  const lowestFirst = [
    'src-main/contract/a.ts',
    'src-main/text/a.ts',
    'src-main/files/a.ts',
    'src-main/gguf/a.ts',
    'src-main/engine/a.ts',
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
  const importing = (from: string, to: string): string =>
    `import type { A } from '${'../'.repeat(from.split('/').length - 1)}${to}';\nexport type A${from.length} = A;\n`;

  it.each(lowestFirst.slice(1).map((above, index) => [lowestFirst[index] ?? '', above]))(
    '%s may not import from %s, which may import from it',
    async (below, above) => {
      const upward = { [below]: importing(below, above), [above]: 'export interface A { a: 1 }\n' };
      expect(await broken(upward)).toHaveLength(1);
      const downward = { [above]: importing(above, below), [below]: 'export interface A { a: 1 }\n' };
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
    ['electron', { 'src-main/services/a.ts': "import 'electron';\n" }],
    ['SQLite', { 'src-main/services/a.ts': "import 'better-sqlite3';\n" }],
  ];

  it.each(planted)('%s', async (name, files) => {
    expect(await broken(files)).toContain(name);
  });
});
