import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Electron's program, where its own download has brought it; that is a step of its own and not possible everywhere. */
export function electronProgram(): string | undefined {
  const folder = join(import.meta.dirname, '..', '..', 'node_modules', 'electron');
  // asking the package itself would start the download
  return existsSync(join(folder, 'path.txt'))
    ? (createRequire(import.meta.url)('electron') as string)
    : undefined;
}

if (import.meta.main && electronProgram() === undefined) {
  console.log(
    'Electron’s program is not here, so the specs run in Chromium alone. It is fetched by: npx install-electron --no',
  );
}
