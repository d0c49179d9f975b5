import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { discard, writeError } from './files.ts';

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
  const stem = basename(modelPath, extname(modelPath)).replace(/[-_.](f16|bf16|f32|q8_0)$/i, '');
  return join(folder, `${[stem, 'LUQ', ...(distinction ? [distinction] : [])].join('-')}.gguf`);
}

/** What belongs to one source file, found again by its hash whatever it is called. */
export interface Workspace {
  readonly folder: string;
  readonly bank: string;
  calibration(key: string): string;
}

export function openWorkspace(home: string, sourceSha256: string): Workspace {
  const folder = join(home, 'work', sourceSha256.slice(0, 16));
  try {
    mkdirSync(join(folder, 'bank'), { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  return { folder, bank: join(folder, 'bank'), calibration: (key) => join(folder, `calibration-${key}`) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const heldHere = new Set<string>();

/** The process that holds a lock; 0 when it let go of it meanwhile. */
function readHolder(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw writeError(error, path);
  }
}

/** Puts a file with our process number in place, whole from its first moment; false when there is one already. */
function placeLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(own, String(process.pid));
    try {
      linkSync(own, path);
    } catch (error) {
      // memory sticks (FAT, exFAT) have no links
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      writeFileSync(path, String(process.pid), { flag: 'wx' });
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && existsSync(path)) return false;
    throw writeError(error, path);
  } finally {
    discard(own);
  }
}

/**
 * Takes a lock file for the life of this process; a lock left by a killed one is taken over. Throws BUSY when another
 * running process holds it.
 */
export function takeLock(path: string, busyWith: string): Disposable {
  while (!placeLock(path)) {
    const holder = readHolder(path);
    // our own number in a file we do not hold is a killed process's, given out again
    if (holder === process.pid ? heldHere.has(path) : holder > 0 && isRunning(holder)) {
      throw new SnugError('BUSY', `another Snug (process ${holder}) is already ${busyWith}`, {
        advice: `Wait for it to finish, or stop it; what it has done is kept. If process ${holder} is another program, delete ${path}.`,
      });
    }
    rmSync(path, { force: true });
  }
  heldHere.add(path);
  return {
    [Symbol.dispose]: () => {
      heldHere.delete(path);
      rmSync(path, { force: true });
    },
  };
}
