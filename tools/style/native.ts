import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { clangFormatPath } from 'clang-format-node';

/**
 * Lays the C++ of native/ out as .clang-format says, with the clang-format that package.json pins: two versions of it seldom agree.
 * `node tools/style/native.ts --check` changes nothing and fails where a file is laid out otherwise.
 */
const root = join(import.meta.dirname, '..', '..');
const files = globSync('native/{.,checks,kernels,quantizers,rivals}/*.{cpp,h}', { cwd: root });
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const result = spawnSync(clangFormatPath, [...mode, ...files], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'pipe'],
});
if (result.error) throw result.error;
if (result.status !== 0) {
  console.error(`${result.stderr.toString()}npm run format lays these files out.`);
  process.exitCode = 1;
}
