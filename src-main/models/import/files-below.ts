import { isBlobName } from '../../files/blob-name.ts';
import { thisMachine, type Machine } from './machine.ts';

/** Limits of a search, each above any folder of models and below a whole disk. */
const DEEPEST = 6;
const MOST_ENTRIES = 20_000;
const MOST_FILES = 500;
/** Of what Ollama keeps under its hash, what is smaller is a licence or a template. */
const SMALLEST_BLOB_BYTES = 1_000_000;

export interface FoundFiles {
  readonly paths: readonly string[];
  /** it ended before everything was looked at */
  readonly isPartial: boolean;
}

export interface SearchOptions {
  readonly machine?: Machine;
  /** ends the search early when it is aborted */
  readonly signal?: AbortSignal | undefined;
  /** names that are looked for besides those of models */
  readonly also?: RegExp;
}

/**
 * The model files below a folder, by their names. Folders that links lead to are looked through too, each once: they may lead round in a
 * circle. What is hidden below it is left out, and so is what may not be read.
 */
export async function modelFilesBelow(folder: string, options: SearchOptions = {}): Promise<FoundFiles> {
  const { machine = thisMachine(), signal, also } = options;
  const paths: string[] = [];
  const seen = new Set<string>();
  let entries = 0;
  const isOver = () => entries >= MOST_ENTRIES || paths.length >= MOST_FILES || signal?.aborted === true;
  let waiting = [folder];
  for (let depth = 0; depth <= DEEPEST && waiting.length > 0 && !isOver(); depth++) {
    const below: string[] = [];
    for (const place of waiting) {
      if (!(await isNew(place, seen, machine))) continue;
      for await (const name of machine.names(place)) {
        entries++;
        if (isOver()) break;
        if (name.startsWith('.') || name === 'node_modules') continue;
        const path = machine.path.join(place, name);
        const kind = await kindOf(path, name, machine, also);
        if (kind === 'folder') below.push(path);
        if (kind === 'model') paths.push(path);
      }
    }
    waiting = below.sort();
  }
  return { paths: paths.sort(), isPartial: isOver() || waiting.length > 0 };
}

async function isNew(folder: string, seen: Set<string>, machine: Machine): Promise<boolean> {
  const real = await machine.realPath(folder);
  if (real === undefined || seen.has(real)) return false;
  seen.add(real);
  return true;
}

async function kindOf(
  path: string,
  name: string,
  machine: Machine,
  also: RegExp | undefined,
): Promise<'folder' | 'model' | undefined> {
  const found = await machine.look(path);
  if (found?.kind === 'folder') return 'folder';
  const isModel =
    /\.gguf$/i.test(name) ||
    also?.test(name) === true ||
    (isBlobName(name) && (found?.bytes ?? 0) >= SMALLEST_BLOB_BYTES);
  // a link that leads nowhere is told of when it is read
  return isModel && (found === undefined || found.kind === 'file') ? 'model' : undefined;
}
