import nodePath from 'node:path';
import type { Looked, Machine } from '../../src-main/models/import/machine.ts';

/** A file's text, its size in bytes where only that matters, or where a link leads. */
export type MadeUpFile = string | number | { readonly link: string };

export interface MadeUpMachine {
  readonly platform: Machine['platform'];
  readonly variables?: Readonly<Record<string, string>>;
  /** by their whole paths, as the system writes them */
  readonly files?: Readonly<Record<string, MadeUpFile>>;
}

export const HOMES = { win32: 'C:\\Users\\Åsa', darwin: '/Users/asa', linux: '/home/asa' } as const;

/** A machine of any system with the files that a test says it has, by that system's rules for paths. */
export function madeUpMachine({ platform, variables = {}, files = {} }: MadeUpMachine): Machine {
  const path = platform === 'win32' ? nodePath.win32 : nodePath.posix;
  const all = new Map(Object.entries(files));
  const isFolder = (folder: string) => [...all.keys()].some((file) => file.startsWith(folder + path.sep));
  const resolved = (file: string): string | undefined => {
    const found = all.get(file);
    if (typeof found === 'object') return resolved(path.join(path.dirname(file), found.link));
    return found === undefined && !isFolder(file) ? undefined : file;
  };
  const look = (file: string): Looked | undefined => {
    const real = resolved(file);
    const found = real === undefined ? undefined : all.get(real);
    if (typeof found === 'object' || real === undefined) return undefined;
    if (found === undefined) return { kind: 'folder', bytes: 0 };
    return { kind: 'file', bytes: typeof found === 'number' ? found : Buffer.byteLength(found) };
  };
  return {
    platform,
    path,
    home: HOMES[platform],
    root: platform === 'win32' ? 'C:\\' : '/',
    variable: (name) => variables[name] || undefined,
    readText: (file) => {
      const found = all.get(resolved(file) ?? '');
      return typeof found === 'string' ? found : undefined;
    },
    names: (folder) => {
      const inside = [...all.keys()].filter((file) => file.startsWith(folder + path.sep));
      return later(new Set(inside.map((file) => file.slice(folder.length + 1).split(path.sep)[0] ?? '')));
    },
    look: (file) => Promise.resolve(look(file)),
    realPath: (file) => Promise.resolve(resolved(file)),
  };
}

async function* later<Value>(values: Iterable<Value>): AsyncGenerator<Value> {
  for (const value of values) yield await Promise.resolve(value);
}
