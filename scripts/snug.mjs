#!/usr/bin/env node
// `snug` on any Node: the commands run on the pinned one, which reads TypeScript and matches the native packages.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modules, root } from './setup/paths.mjs';

const node = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
if (!existsSync(node)) {
  console.error('Snug is not set up yet. Run: npm run setup');
  process.exit(1);
}
// Ctrl-C goes to the whole process group; the command decides what it means
process.on('SIGINT', () => undefined);
const { status, signal } = spawnSync(node, [join(root, 'src-main', 'cli.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
