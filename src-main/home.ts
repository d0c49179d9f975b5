import { statSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { SnugError } from './contract/errors.ts';

/** Where Snug keeps its things: models it made and what a fit can be resumed from. A whole path, as it is kept in what Snug writes. */
export function snugHome(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['SNUG_HOME'];
  if (named?.trim()) return resolve(named);
  switch (platform()) {
    case 'win32':
      return join(environment['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'Snug');
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Snug');
    default: {
      // set but empty means not set, and one that is not whole is ignored, as the XDG specification has it
      const { XDG_DATA_HOME: data = '' } = environment;
      return join(isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'snug');
    }
  }
}

/** @throws SnugError BAD_ARGUMENT for one that is a file, in which nothing can be looked up nor written */
export function insistHomeIsFolder(home: string): void {
  if (statSync(home, { throwIfNoEntry: false })?.isDirectory() ?? true) return;
  throw new SnugError('BAD_ARGUMENT', `${home} is to hold Snug’s files, and is no folder`, {
    advice: 'Name a folder, which need not be there yet.',
    remedies: [{ kind: 'choose-home' }],
  });
}

/** What fits and measurements keep so that they need not be made again. */
export function workFolder(home: string): string {
  return join(home, 'work');
}

export function modelsFolder(home: string): string {
  return join(home, 'models');
}
