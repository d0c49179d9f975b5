import { existsSync, statSync } from 'node:fs';
import { discard, renameDurably } from '../files/durable-files.ts';
import { writeError } from '../files/write-error.ts';
import { pathsOfParts } from '../gguf/part-names.ts';
import type { ModelRepository, ModelRow } from '../store/models.ts';

/** Beside the file, so that it is a rename on any disk. */
const SUFFIX = '.removed-by-snug';

/** Where a model's file goes when it is removed. */
export function trashedPathOf(path: string): string {
  return `${path}${SUFFIX}`;
}

/** Renames the files of a removed model: all, or where one cannot be, none. */
function trash(files: readonly string[]): void {
  const done: string[] = [];
  try {
    for (const path of files) {
      rename(path, trashedPathOf(path));
      done.push(path);
    }
  } catch (error) {
    for (const path of done) rename(trashedPathOf(path), path);
    throw error;
  }
}

/** Brings the files of a model back, as far as nothing else lies in their place. */
export function untrash(modelPath: string): void {
  for (const path of trashedOf(modelPath)) if (!existsSync(path)) rename(trashedPathOf(path), path);
}

/** Deletes for good; false when one cannot go yet, as on Windows while it is read. */
export function emptyTrashOf(modelPath: string): boolean {
  const files = trashedOf(modelPath);
  for (const path of files) discard(trashedPathOf(path));
  return trashedOf(modelPath).length === 0;
}

/** The files of a model that were removed: nobody but Snug gives such names, so that a name says enough. */
function trashedOf(modelPath: string): string[] {
  return pathsOfParts(modelPath).filter((path) => existsSync(trashedPathOf(path)));
}

function rename(from: string, to: string): void {
  try {
    renameDurably(from, to);
  } catch (error) {
    throw writeError(error, from);
  }
}

/** Takes a model out of the library, and its files into the trash. */
export function removeWithFiles(models: ModelRepository, row: ModelRow, files: readonly string[]): number {
  const freedBytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  // the library first: killed between the two, it has forgotten a file, and not lost one that it still shows
  models.remove(row.id, files.length > 0 ? trashedPathOf(row.path) : null);
  try {
    trash(files);
  } catch (error) {
    models.restore(row.id);
    throw error;
  }
  return freedBytes;
}
