import { opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Limits of a search, each above any folder of models and below a whole disk. */
const DEEPEST = 6;
const MOST_ENTRIES = 20_000;
const MOST_FILES = 500;
/** Ollama keeps every file under its hash; what is smaller is a licence or a template. */
const BLOB = /^sha256-[0-9a-f]{64}$/;
const SMALLEST_BLOB_BYTES = 1_000_000;

export interface FoundFiles {
  readonly paths: readonly string[];
  /** it ended before everything was looked at */
  readonly isPartial: boolean;
}

/**
 * The model files below a folder, by their names. Folders that links lead to are looked through too, each once: they may lead round in a
 * circle. What is hidden below it is left out, and so is what may not be read.
 */
export async function modelFilesBelow(folder: string): Promise<FoundFiles> {
  const paths: string[] = [];
  const seen = new Set<string>();
  let entries = 0;
  const isOver = () => entries >= MOST_ENTRIES || paths.length >= MOST_FILES;
  let waiting = [folder];
  let depth = 0;
  for (; depth <= DEEPEST && waiting.length > 0 && !isOver(); depth++) {
    const below: string[] = [];
    for (const place of waiting) {
      if (!(await isNew(place, seen))) continue;
      for await (const name of namesIn(place)) {
        entries++;
        if (isOver()) break;
        if (name.startsWith('.') || name === 'node_modules') continue;
        const kind = await kindOf(join(place, name), name);
        if (kind === 'folder') below.push(join(place, name));
        if (kind === 'model') paths.push(join(place, name));
      }
    }
    waiting = below.sort();
  }
  return { paths: paths.sort(), isPartial: isOver() || waiting.length > 0 };
}

async function isNew(folder: string, seen: Set<string>): Promise<boolean> {
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined || seen.has(real)) return false;
  seen.add(real);
  return true;
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch {
    // a folder that may not be read, or that has gone meanwhile
  }
}

async function kindOf(path: string, name: string): Promise<'folder' | 'model' | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  const isModel = /\.gguf$/i.test(name) || (BLOB.test(name) && (found?.size ?? 0) >= SMALLEST_BLOB_BYTES);
  // a link that leads nowhere is told of when it is read
  return isModel && (found === undefined || found.isFile()) ? 'model' : undefined;
}
