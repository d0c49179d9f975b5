import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { Connection } from './connection.ts';
import { FitJobRepository } from './fit-jobs.ts';
import { newestVersion, versionOf } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { ModelRepository } from './models.ts';
import { SettingsRepository } from './settings.ts';

/** What of the store may be read beside a Snug that has it open. */
export interface StoreLook extends Disposable {
  readonly models: ModelRepository;
  readonly fitJobs: FitJobRepository;
  readonly settings: SettingsRepository;
}

/**
 * Opens `<folder>/snug.db` to read it, whoever uses it; nothing in it changes, and what would write throws. Undefined where there is none,
 * or one that Snug has not begun to use.
 * @throws SnugError FILE for a database of a newer Snug
 */
export function lookIntoStore(folder: string): StoreLook | undefined {
  const path = join(folder, 'snug.db');
  if (!existsSync(path)) return undefined;
  using opening = new DisposableStack();
  const connection = opening.use(new Connection(path, { readonly: true }));
  const version = versionOf(connection);
  if (version === 0) return undefined;
  if (version > newestVersion(MIGRATIONS)) {
    throw new SnugError('FILE', `${path} was written by a newer Snug (version ${version} of its form)`, {
      advice: 'Update this Snug.',
    });
  }
  const open = opening.move();
  return {
    // as the first version made them
    models: new ModelRepository(connection),
    fitJobs: new FitJobRepository(connection),
    settings: new SettingsRepository(connection),
    [Symbol.dispose]: () => open.dispose(),
  };
}
