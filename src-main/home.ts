import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** Where Snug keeps its things: models it made and what a fit can be resumed from. */
export function snugHome(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['SNUG_HOME']) return environment['SNUG_HOME'];
  switch (platform()) {
    case 'win32':
      return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Snug');
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Snug');
    default:
      // set but empty means not set, as the XDG specification has it
      return join(environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'snug');
  }
}

/** What fits and measurements keep so that they need not be made again. */
export function workFolder(home: string): string {
  return join(home, 'work');
}

export function modelsFolder(home: string): string {
  return join(home, 'models');
}
