import { opendir, realpath, stat } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import nodePath, { type PlatformPath } from 'node:path';
import { readRegularFile } from '../../files/regular-file.ts';

/** What looking for other apps' models asks of the machine; everything is only read. Paths are whole and of the machine's own kind. */
export interface Machine {
  readonly platform: 'win32' | 'darwin' | 'linux';
  readonly path: PlatformPath;
  /** the person's own folder */
  readonly home: string;
  /** where the system's own folders are */
  readonly root: string;
  /** of the environment; set but empty counts as not set */
  readonly variable: (name: string) => string | undefined;
  /** The text of a small file; undefined where there is none, or none that may be read. */
  readonly readText: (path: string) => string | undefined;
  /** What a folder holds, as it comes; nothing where it may not be looked into. */
  readonly names: (folder: string) => AsyncIterable<string>;
  /** What a path leads to in the end; undefined where that is nothing, or nothing that may be looked at. */
  readonly look: (path: string) => Promise<Looked | undefined>;
  /** The path without links. */
  readonly realPath: (path: string) => Promise<string | undefined>;
}

export interface Looked {
  readonly kind: 'file' | 'folder' | 'other';
  readonly bytes: number;
}

/** Settings and manifests are a few kilobytes. */
const MOST_TEXT_BYTES = 1 << 20;

export function thisMachine(
  environment: NodeJS.ProcessEnv = process.env,
  home = homedir(),
  root = nodePath.parse(home).root,
): Machine {
  const system = platform();
  return {
    platform: system === 'win32' || system === 'darwin' ? system : 'linux',
    path: nodePath,
    home,
    root,
    variable: (name) => environment[name] || undefined,
    readText,
    names,
    look: async (path) => {
      const found = await stat(path).catch(() => undefined);
      if (!found) return undefined;
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
      return { kind, bytes: found.size };
    },
    realPath: async (path) => realpath(path).catch(() => undefined),
  };
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path, { mostBytes: MOST_TEXT_BYTES }).toString('utf8');
  } catch {
    // not there, not ours to read, or too large to be what it should be
    return undefined;
  }
}

async function* names(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch {
    // a folder that may not be read, or that has gone meanwhile
  }
}

/** Where programs keep what they know of a person. */
export function dataFolder({ platform: system, path, home, variable }: Machine): string {
  if (system === 'win32') return variable('APPDATA') ?? path.join(home, 'AppData', 'Roaming');
  if (system === 'darwin') return path.join(home, 'Library', 'Application Support');
  return variable('XDG_DATA_HOME') ?? path.join(home, '.local', 'share');
}

/** … and their settings. */
export function configFolder(machine: Machine): string {
  if (machine.platform !== 'linux') return dataFolder(machine);
  return machine.variable('XDG_CONFIG_HOME') ?? machine.path.join(machine.home, '.config');
}

/** What a file of JSON holds; undefined where there is none that can be read. */
export function readJson(machine: Machine, path: string): unknown {
  const text = machine.readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whole paths, each once, in their order. */
export function wholePaths({ path }: Machine, paths: readonly (string | undefined)[]): string[] {
  const whole = paths.flatMap((one) =>
    one !== undefined && path.isAbsolute(one) ? [path.resolve(one)] : [],
  );
  return [...new Set(whole)];
}
