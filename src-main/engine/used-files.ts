import { statSync } from 'node:fs';

/** Names under which what a worker is asked tells the files it will read. */
const PATHS: ReadonlySet<string> = new Set(['modelPath', 'mmprojPath', 'path']);
/** A request may hold another, as a comparison holds that of its fit. */
const DEPTH = 2;

/** The files that a worker was given, as they were then: to tell afterwards what became of them. */
export class UsedFiles {
  readonly #stamps = new Map<string, string>();

  /** Notes the files that an argument names, unless they are known. */
  note(argument: unknown, depth = DEPTH): void {
    if (typeof argument !== 'object' || argument === null) return;
    // lists and bytes name no model, and may be long
    if (Array.isArray(argument) || ArrayBuffer.isView(argument)) return;
    for (const [name, value] of Object.entries(argument as Record<string, unknown>)) {
      if (typeof value === 'string' && PATHS.has(name)) this.#remember(value);
      else if (depth > 0) this.note(value, depth - 1);
    }
  }

  #remember(path: string): void {
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
