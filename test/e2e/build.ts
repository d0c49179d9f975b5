import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { browserPath } from '../helpers/browser.ts';

/** Builds the window once for all end-to-end tests. */
export default function build(): void {
  if (browserPath === undefined) return;
  const root = join(import.meta.dirname, '..', '..');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: root, stdio: 'inherit' });
}
