import { join } from 'node:path';
import { SnugError } from '../../contract/errors.ts';
import { safeName, safeNames } from '../../files/safe-name.ts';
import { fileStamp } from '../../files/file-stamp.ts';
import { hashFile } from '../../files/hash.ts';
import { statsOf } from '../../files/stats.ts';
import { ModelFiles } from '../../store/model-files.ts';
import type { HubFile } from './hub-port.ts';

/** Where a model's files go. */
export interface Place {
  readonly folder: string;
  /** the file's path in the repository → where it goes */
  readonly targets: ReadonlyMap<string, string>;
  /** the same, of those that are here and whole, with their SHA-256 */
  readonly here: ReadonlyMap<string, string>;
}

/** A hub has no -- in a name, so that no two repositories have one folder. */
export function folderOf(repository: string): string {
  return safeName(repository.replace('/', '--'));
}

/** Who writes to a folder of a model holds it. */
export function lockPath(folder: string): string {
  return join(folder, '.snug-download.lock');
}

/** Where files of a repository go in a folder: each by its own name. */
export function targetsIn(folder: string, paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...safeNames(paths)].map(([path, name]) => [path, join(folder, name)]));
}

/**
 * Finds the folder for files of one commit: the first, or, where that holds another version of one of them, one for this commit. What lies
 * there is told by its hash.
 */
export async function findPlace(
  files: readonly HubFile[],
  where: { readonly first: string; readonly commit: string } & Looking,
): Promise<Place> {
  for (const folder of [where.first, `${where.first}@${where.commit.slice(0, 12)}`]) {
    const targets = targetsIn(
      folder,
      files.map(({ path }) => path),
    );
    const here = await wholeFiles(files, targets, where);
    if (here) return { folder, targets, here };
  }
  throw new SnugError('CANNOT_WRITE', `files of the same names lie in ${where.first}`, {
    advice: 'They are not those of the hub. Move them away, then try again.',
  });
}

interface Looking {
  readonly home: string;
  readonly signal: AbortSignal;
}

/** Undefined where another file has the name of one. */
async function wholeFiles(
  files: readonly HubFile[],
  targets: ReadonlyMap<string, string>,
  { home, signal }: Looking,
): Promise<ReadonlyMap<string, string> | undefined> {
  const whole = new Map<string, string>();
  for (const { path, bytes, sha256 } of files) {
    const target = targets.get(path) ?? '';
    const found = statsOf(target);
    if (!found) continue;
    if (!found.isFile() || found.size !== bytes) return undefined;
    const hash = await contentOf(target, { home, signal });
    if (sha256 !== null && hash !== sha256) return undefined;
    whole.set(path, hash);
  }
  return whole;
}

/** SHA-256 of a file, remembered as long as it does not change. */
async function contentOf(path: string, { home, signal }: Looking): Promise<string> {
  using files = ModelFiles.open(home);
  const known = files.known(path);
  if (known !== undefined) return known;
  const stamp = fileStamp(path);
  const sha256 = await hashFile(path, { signal });
  if (stamp) files.remember(path, stamp, sha256);
  return sha256;
}

/** Remembers what was hashed while it was downloaded. */
export function rememberContent(
  files: readonly { readonly path: string; readonly sha256: string }[],
  home: string,
): void {
  using known = ModelFiles.open(home);
  for (const { path, sha256 } of files) {
    const stamp = fileStamp(path);
    if (stamp) known.remember(path, stamp, sha256);
  }
}
