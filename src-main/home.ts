import { homedir, platform } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

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

/** What fits and measurements keep so that they need not be made again. */
export function workFolder(home: string): string {
  return join(home, 'work');
}

export function modelsFolder(home: string): string {
  return join(home, 'models');
}
