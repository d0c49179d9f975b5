import { describe, expect, it } from 'vitest';
import {
  anchorsOf,
  brokenInCode,
  brokenInMarkdown,
  headingsTwice,
  unknownScripts,
  unlisted,
} from '../../tools/style/references.ts';

/** A repository of Markdown files by their paths, beside `src-main/cli.ts`. */
function repository(pages: Record<string, string>) {
  const paths = new Set([...Object.keys(pages), 'docs', 'src-main/cli.ts']);
  return { has: (path: string) => paths.has(path), markdown: (path: string) => pages[path] ?? '' };
}

describe('headings', () => {
  it('have the anchors that GitHub gives them', () => {
    const page =
      '# A model, from `nothing`\n\n## What *held*?\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n';
    expect([...anchorsOf(page)]).toEqual(['a-model-from-nothing', 'what-held', 'twice', 'twice-1']);
  });
});

it('a section may not stand twice in a page, though its parts may be called like those of another', () => {
  const page = '# Changes\n\n## New\n\n### Added\n\n## Old\n\n### Added\n\n## New\n\nagain\n';
  expect(headingsTwice(page)).toEqual(['New']);
});

describe('a page', () => {
  it('may link to files, folders, headings here and in other pages, and anything on the web', () => {
    const page = [
      '# Title',
      '[b](docs/b.md) [c](docs/b.md#part-two) [self](#title) [folder](docs/) ![web](https://example.org/x.png)',
      '[mail](mailto:a@example.org) `src-main/cli.ts` `src-main/NAME.ts` `npm run check`',
    ].join('\n\n');
    expect(brokenInMarkdown('a.md', repository({ 'a.md': page, 'docs/b.md': '## Part two' }))).toEqual([]);
  });

  it.each([
    ['a file that is not there', '[x](gone.md)', 'gone.md'],
    ['a file that is there from the root alone', '[x](docs/b.md)', 'docs/b.md'],
    ['a heading that is not there', '[x](b.md#part-three)', 'b.md#part-three'],
    ['a heading of its own that is not there', '[x](#nowhere)', '#nowhere'],
    ['a picture that is not there', '![x](picture.png)', 'picture.png'],
    ['a link by reference', '[x][y]\n\n[y]: gone.md', 'gone.md'],
    ['a path that was moved', 'See `src-main/old.ts`.', 'src-main/old.ts'],
  ])('may not name %s', (_, text, target) => {
    const files = repository({ 'docs/a.md': text, 'docs/b.md': '## Part two' });
    expect(brokenInMarkdown('docs/a.md', files)).toEqual([target]);
  });
});

it('a comment may name a page of docs/ that is there, and pages of others', () => {
  const files = repository({ 'docs/decisions/0002-locks.md': '' });
  const code = `// docs/decisions/0002-locks.md, docs/decisions/0009-gone.md
    // LLaVA docs/Evaluation.md, https://example.org/blob/docs/gguf.md`;
  expect(brokenInCode(code, files)).toEqual(['docs/decisions/0009-gone.md']);
});

it('the index leads to every page', () => {
  const index = '[a](a.md) and [why](decisions/0001-why.md#context)';
  const files = repository({ 'docs/README.md': index });
  const pages = ['docs/README.md', 'docs/a.md', 'docs/decisions/0001-why.md', 'docs/forgotten.md'];
  expect(unlisted('docs/README.md', pages, files)).toEqual(['docs/forgotten.md']);
});

it('a script that people are told to run is one of package.json', () => {
  const page = 'Run `npm run setup`, then `npm run --silent snug -- fit` and `npm run gone:long`.';
  expect(unknownScripts(page, new Set(['setup', 'snug']))).toEqual(['npm run gone:long']);
});
