import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkspace } from '../../src-main/fit/workspace.ts';

/** What a source's trials left: one file for everything that was measured, by when it was. */
export function keptTrials(home: string, sourceSha256: string): Map<string, number> {
  const folder = join(openWorkspace(home, sourceSha256).folder, 'trials');
  return new Map(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]));
}
