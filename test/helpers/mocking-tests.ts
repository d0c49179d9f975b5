import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The test files below a folder, but for the renderer's, that put something in the place of a module. */
export function mockingTests(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('renderer'))
    .map((name) => join(folder, name))
    .filter((path) => /\bvi\.(do)?[mM]ock\(/.test(readFileSync(path, 'utf8')));
}
