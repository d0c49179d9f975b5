import { statSync } from 'node:fs';
import { pathsOfParts } from '../gguf/part-names.ts';

/** The files that a worker was given, as they were then: to tell afterwards what became of them. */
export class UsedFiles {
  readonly #stamps = new Map<string, string>();

  /** Notes a file, of a split model all parts, unless it is known. */
  note(path: string): void {
    for (const part of pathsOfParts(path)) this.#noteOne(part);
  }

  #noteOne(path: string): void {
    const stamp = stampOf(path);
    if (!this.#stamps.has(path) && stamp !== undefined) this.#stamps.set(path, stamp);
  }

  /** What became of them since: the first that is gone, else the first that is another now. */
  get fate(): { readonly path: string; readonly state: 'gone' | 'changed' } | undefined {
    const found = [...this.#stamps].map(([path, before]) => ({ path, before, now: stampOf(path) }));
    const gone = found.find(({ now }) => now === undefined);
    if (gone) return { path: gone.path, state: 'gone' };
    const changed = found.find(({ before, now }) => now !== before);
    return changed && { path: changed.path, state: 'changed' };
  }
}

function stampOf(path: string): string | undefined {
  try {
    const { size, mtimeMs, ino } = statSync(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch {
    return undefined;
  }
}
