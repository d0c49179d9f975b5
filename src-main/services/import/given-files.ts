import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toErrorData } from '../../contract/errors.ts';
import type { ImportResult } from '../../contract/model.ts';
import { pastedPaths } from '../../files/pasted-paths.ts';
import { oncePerModel, partName } from '../../gguf/part-names.ts';
import { addressRefusal } from '../../models/hub-address.ts';
import { modelFilesBelow } from '../../models/import/files-below.ts';
import type { ModelReader } from '../model-reader.ts';

export type Refused = ImportResult['refused'][number];

interface GivenFiles {
  readonly files: ReadonlySet<string>;
  readonly notes: readonly string[];
  readonly refused: readonly Refused[];
}

/** The models' files that were given, and those in folders that were; of a split model the first part, whichever was given. */
export async function filesOf(
  given: readonly string[],
  reader: Pick<ModelReader, 'files'>,
): Promise<GivenFiles> {
  const files = new Set<string>();
  const notes: string[] = [];
  const refused: Refused[] = [];
  for (const text of given) {
    const address = addressRefusal(text);
    if (address) refused.push(refusalOf(text, address));
    for (const path of address ? [] : pathsIn(text)) {
      if (!(await isFolder(path))) {
        files.add(await firstFile(path, reader));
        continue;
      }
      const found = await modelFilesBelow(path);
      const models = oncePerModel(found.paths);
      for (const file of models) files.add(file);
      notes.push(folderNote(path, models.length, found.isPartial));
    }
  }
  return { files, notes, refused };
}

async function firstFile(path: string, reader: Pick<ModelReader, 'files'>): Promise<string> {
  if (!partName(path)) return path;
  const [first = path] = await reader.files({ path }).catch(() => [path]);
  return first;
}

export function refusalOf(path: string, error: unknown): Refused {
  const { message, advice } = toErrorData(error);
  return { path, message, advice: advice ?? null };
}

function pathsIn(text: string): string[] {
  const paths = existsSync(text) ? [text] : pastedPaths(text);
  return paths.map((path) => resolve(path));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function folderNote(folder: string, count: number, isPartial: boolean): string {
  const found = count === 0 ? 'no GGUF files' : count === 1 ? 'one GGUF file' : `${count} GGUF files`;
  const rest = isPartial
    ? ' The folder holds more than Snug looks through: give it one further down for the rest.'
    : '';
  return `${found.charAt(0).toUpperCase()}${found.slice(1)} found in ${folder}.${rest}`;
}
