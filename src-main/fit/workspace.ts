import { readFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { lockFile } from '../store/file-lock.ts';
import { makeFolder, writeError } from '../files/durable.ts';
import { LONGEST_STEM_BYTES, shortened } from '../files/output-name.ts';

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

export function modelsFolder(home: string): string {
  return join(home, 'models');
}

/**
 * Where in a folder a fit's result goes unless the person says otherwise: "Qwen2.5-VL-7B-Instruct-f16.gguf" →
 * "Qwen2.5-VL-7B-Instruct-LUQ.gguf". `distinction` tells results of sources of one name apart.
 */
export function outputPath(folder: string, modelPath: string, distinction?: string): string {
  const name = basename(modelPath, extname(modelPath)).replace(/[-_.](f16|bf16|f32|q8_0)$/i, '');
  const stem = shortened(name, LONGEST_STEM_BYTES);
  return join(folder, `${[stem, 'LUQ', ...(distinction ? [distinction] : [])].join('-')}.gguf`);
}

/** What belongs to one source file, found again by its hash whatever it is called. */
export interface Workspace {
  readonly folder: string;
  readonly bank: string;
  /** beside the folder, which may be deleted while it is held */
  readonly lock: string;
  calibration(key: string): string;
}

export function openWorkspace(home: string, sourceSha256: string): Workspace {
  const folder = join(home, 'work', sourceSha256.slice(0, 16));
  try {
    makeFolder(join(folder, 'bank'));
  } catch (error) {
    throw writeError(error, folder);
  }
  return {
    folder,
    bank: join(folder, 'bank'),
    lock: `${folder}.lock`,
    calibration: (key) => join(folder, `calibration-${key}`),
  };
}

/** A lock that passes is waited for: another Snug that is just ending, a look at the file by another program. */
const LOCK_MILLISECONDS = 1000;

/** The number of the process that holds a lock, as far as it is told. */
function holderOf(path: string): string {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? ` (process ${pid})` : '';
  } catch {
    // it let go of it meanwhile
    return '';
  }
}

/**
 * Takes a lock file for the life of this process, however it ends, or until disposed. Throws BUSY when another running process holds
 * it.
 */
export function takeLock(path: string, busyWith: string): Disposable {
  let lock: Disposable | undefined;
  try {
    makeFolder(dirname(path));
    lock = lockFile(path, LOCK_MILLISECONDS);
  } catch (error) {
    throw writeError(error, path);
  }
  if (lock) return lock;
  throw new SnugError('BUSY', `another Snug${holderOf(path)} is already ${busyWith}`, {
    advice: 'Wait for it to finish, or stop it; what it has done is kept.',
  });
}
