import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  brokenInCode,
  brokenInMarkdown,
  headingsTwice,
  unknownScripts,
  unlisted,
  type Files,
} from './references.ts';

/**
 * Fails where Markdown or a comment points at a file, heading or script that this repository doesn't have, and where a page of docs/ is not
 * in the index, or has a heading twice. Addresses on the web are not asked.
 */
const root = join(import.meta.dirname, '..', '..');
const INDEX = 'docs/README.md';
const CODE = /\.(?:ts|mjs|js|svelte|cpp|h|py|sh|yml)$/;

// what is ignored is not in what others get
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
});
if (listed.status !== 0) throw listed.error ?? new Error(listed.stderr);
const paths = listed.stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
const present = new Set(
  paths.flatMap((path) => path.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'))),
);

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { scripts: named } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const scripts = new Set(Object.keys(named));
const files: Files = {
  has: (path) =>
    /[*{]/.test(path) ? globSync(path, { cwd: root }).length > 0 : path === '.' || present.has(path),
  markdown: read,
};

for (const path of paths) {
  const broken = path.endsWith('.md')
    ? [...brokenInMarkdown(path, files), ...unknownScripts(read(path), scripts)]
    : CODE.test(path) && !path.startsWith('test/')
      ? brokenInCode(read(path), files)
      : [];
  for (const target of broken) console.error(`${path}: ${target} is not there`);
  const twice = path.endsWith('.md') ? headingsTwice(read(path)) : [];
  for (const heading of twice) console.error(`${path}: “${heading}” is there twice`);
  if (broken.length + twice.length > 0) process.exitCode = 1;
}

const pages = paths.filter((path) => /^docs\/.*\.md$/.test(path));
for (const page of unlisted(INDEX, pages, files)) {
  console.error(`${INDEX} has no link to ${page}`);
  process.exitCode = 1;
}
