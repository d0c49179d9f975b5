import { dirname } from 'node:path';
import { pathsOfParts } from '../gguf/part-names.ts';
import { modelFilesBelow } from '../models/import/files-below.ts';
import type { NotedFile } from '../store/model-files.ts';
import type { WholeFileHasher, HashRun } from './hashing/whole-files.ts';
import { statsOf } from '../files/stats.ts';

/** A model whose file is gone, and what its files held. */
export interface MissingModel {
  /** its own files, the first part first */
  readonly paths: readonly string[];
  readonly mmprojPath: string | undefined;
}

export interface FoundModelFiles {
  readonly path: string;
  /** where its vision file lies now, if that was gone too and was found */
  readonly mmprojPath: string | undefined;
}

/** What a file has to hold to be the one that is looked for. */
type Content = Pick<NotedFile, 'bytes' | 'sha256'>;

/**
 * Looks through folders for the files of a model, by size and content, whatever they are called; of a split model all parts together.
 * undefined where they are not there.
 */
export async function lookForModel(
  missing: MissingModel,
  folders: readonly string[],
  hasher: WholeFileHasher,
  run: Omit<HashRun, 'onBytes'> & { readonly onBytes: (done: number, total: number) => void },
): Promise<FoundModelFiles | undefined> {
  const wanted = contentsOf(missing, hasher);
  if (!wanted) return undefined;
  const candidates = await filesBelow(folders, run.signal);
  const mayBe = candidates.filter((path) => mayBeTheModel(path, wanted.model));
  const total = mayBe.length * sumOf(wanted.model);
  return hasher.run(
    { signal: run.signal, onBytes: (done) => run.onBytes(done, Math.max(done, total)) },
    async (hash) => {
      for (const path of mayBe) {
        const parts = placesOf(path, wanted.model.length);
        if (!(await holdAll(parts, wanted.model, hash))) continue;
        const mmprojPath = wanted.mmproj && (await visionFileOf(path, candidates, wanted.mmproj, hash));
        return { path, mmprojPath };
      }
      return undefined;
    },
  );
}

/** What the files of a model held; undefined where that was never known. */
function contentsOf({ paths, mmprojPath }: MissingModel, hasher: WholeFileHasher) {
  using known = hasher.openKnown();
  const model = paths.flatMap((path) => known.noted(path) ?? []);
  if (model.length < paths.length) return undefined;
  return { model, mmproj: mmprojPath === undefined ? undefined : known.noted(mmprojPath) };
}

async function filesBelow(folders: readonly string[], signal: AbortSignal): Promise<string[]> {
  const paths = new Set<string>();
  for (const folder of folders)
    for (const path of (await modelFilesBelow(folder, { signal })).paths) paths.add(path);
  return [...paths];
}

function mayBeTheModel(path: string, contents: readonly Content[]): boolean {
  const places = placesOf(path, contents.length);
  return (
    places.length === contents.length && places.every((place, i) => sizeOf(place) === contents[i]?.bytes)
  );
}

/** Where the parts lie if a file is the first of them. */
function placesOf(path: string, count: number): readonly string[] {
  const parts = pathsOfParts(path);
  return count === 1 ? [path] : parts[0] === path ? parts : [];
}

async function holdAll(
  paths: readonly string[],
  contents: readonly Content[],
  hash: (path: string) => Promise<string>,
): Promise<boolean> {
  for (const [i, path] of paths.entries()) if ((await hash(path)) !== contents[i]?.sha256) return false;
  return true;
}

/** Beside the model first: there most lie. */
async function visionFileOf(
  modelPath: string,
  candidates: readonly string[],
  content: Content,
  hash: (path: string) => Promise<string>,
): Promise<string | undefined> {
  const nearness = (path: string) => Number(dirname(path) !== dirname(modelPath));
  for (const path of candidates.toSorted((a, b) => nearness(a) - nearness(b)))
    if (sizeOf(path) === content.bytes && (await hash(path)) === content.sha256) return path;
  return undefined;
}

function sizeOf(path: string): number | undefined {
  return statsOf(path)?.size;
}

function sumOf(contents: readonly Content[]): number {
  return contents.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Folders in which a moved model may lie without a person saying so: the models folder, and those around the one that it lay in. */
export function likelyFolders(path: string, modelsFolder: string): string[] {
  const folder = dirname(path);
  const around = dirname(folder) === folder ? [] : [dirname(folder)];
  return [...new Set([modelsFolder, folder, ...around])];
}
