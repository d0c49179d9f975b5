import { existsSync, readFileSync } from 'node:fs';

/** The library of ggml's CPU variants that this process has loaded, as in "libggml-cpu-haswell"; undefined where the system doesn't tell. */
export function loadedCpuVariant(): string | undefined {
  const maps = '/proc/self/maps';
  return existsSync(maps) ? /libggml-cpu-\w+(?=\.so)/.exec(readFileSync(maps, 'utf8'))?.[0] : undefined;
}
