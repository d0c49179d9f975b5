import { hasCode } from '../../contract/errors.ts';
import { pathsOfParts } from '../../gguf/part-names.ts';
import type { ModelFiles } from '../../store/model-files.ts';
import type { ModelRepository, ModelRow } from '../../store/models.ts';
import type { Activity } from '../activity.ts';
import type { BackgroundHasher } from '../hashing/background.ts';
import { statsOf } from '../../files/stats.ts';

/** Files up to this size are hashed while somebody waits, which takes a second; others in the background. */
const AT_ONCE_BYTES = 512 * 2 ** 20;

/** Two models that turned out to be one. */
export interface Merged {
  readonly kept: ModelRow;
  /** where the other one lies */
  readonly path: string;
}

/** One file is one model of the library, wherever copies of it lie. */
export class SameContent {
  readonly #models: ModelRepository;
  readonly #files: ModelFiles;
  readonly #hashes: BackgroundHasher;
  readonly #activity: Activity;

  constructor(parts: {
    models: ModelRepository;
    files: ModelFiles;
    hashes: BackgroundHasher;
    activity: Activity;
  }) {
    this.#models = parts.models;
    this.#files = parts.files;
    this.#hashes = parts.hashes;
    this.#activity = parts.activity;
  }

  /**
   * The model that has the same content as a new file, as far as that can be said at once. One whose file is gone is taken to have moved
   * to the new place.
   */
  async as(path: string): Promise<ModelRow | undefined> {
    const bytes = sizeOf(path);
    for (const row of this.#models.list()) {
      const isGone = sizeOf(row.path) === undefined;
      const size = isGone ? this.#files.recall(row.path)?.bytes : sizeOf(row.path);
      if (bytes === undefined || size !== bytes) continue;
      if (!(isSameFile(path, row.path) || (await this.#isSame(path, row.path, bytes, isGone)))) continue;
      return isGone && !this.#models.findByPath(path) ? this.#models.setPath(row.id, path) : row;
    }
    return undefined;
  }

  async #isSame(path: string, known: string, bytes: number, isGone: boolean): Promise<boolean> {
    const had = isGone ? this.#files.recall(known)?.sha256 : this.#files.known(known);
    const has = this.#files.known(path);
    if (pathsOfParts(path).length > 1) return false;
    if (bytes > AT_ONCE_BYTES && (had === undefined || has === undefined)) return false;
    try {
      return (had ?? (await this.#hashes.sha256(known))) === (has ?? (await this.#hashes.sha256(path)));
    } catch (error) {
      // it changes just now, or cannot be read as a whole: nobody can say
      if (hasCode(error, 'FILE', 'WORKER_DIED')) return false;
      throw error;
    }
  }

  /** The SHA-256 of a file; of a model that is split those of all its parts, as its first one says little. */
  #contentOf(path: string): string | undefined {
    const parts = pathsOfParts(path).map((part) => this.#files.known(part));
    return parts.includes(undefined) ? undefined : parts.join(' ');
  }

  /** Other places where the same file lies. */
  placesOf({ path }: ModelRow): string[] {
    if (pathsOfParts(path).length > 1) return [];
    const sha256 = this.#files.known(path);
    if (sha256 === undefined) return [];
    return this.#files
      .places(sha256)
      .filter((place) => place !== path && this.#files.known(place) === sha256);
  }

  /** Points models whose file is gone to another place where it lies. */
  follow(): void {
    for (const row of this.#models.list()) {
      const path = this.#elsewhere(row.path);
      if (path !== undefined && !this.#models.findByPath(path)) this.#models.setPath(row.id, path);
      const mmprojPath = row.mmprojPath === null ? undefined : this.#elsewhere(row.mmprojPath);
      if (mmprojPath !== undefined) this.#models.setMmproj(row.id, mmprojPath);
    }
  }

  /** Where a file lies that is gone from here; undefined for one that is still here. */
  #elsewhere(path: string): string | undefined {
    if (sizeOf(path) !== undefined || pathsOfParts(path).length > 1) return undefined;
    const sha256 = this.#files.recall(path)?.sha256;
    if (sha256 === undefined) return undefined;
    return this.#files.places(sha256).find((place) => place !== path && this.#files.known(place) === sha256);
  }

  /** Files of the library whose content is worth knowing, first those that may be there twice. */
  wanted(): string[] {
    const rows = this.#models.list();
    const sizes = rows.map(({ path }) => sizeOf(path));
    const isTwice = (size: number | undefined) => sizes.indexOf(size) !== sizes.lastIndexOf(size);
    const twice = rows.filter((_, i) => isTwice(sizes[i]));
    // the one that comes with Snug never goes, so only a copy of it needs its hash
    const others = rows.filter((row, i) => !row.builtIn && !isTwice(sizes[i]));
    const visions = [...twice, ...others].flatMap(({ mmprojPath }) => mmprojPath ?? []);
    return [...[...twice, ...others].flatMap(({ path }) => pathsOfParts(path)), ...visions];
  }

  /** Makes models of the same content one, the one that was there first. One that is in use waits for another time. */
  merge(): Merged[] {
    const merged: Merged[] = [];
    const first = new Map<string, ModelRow>();
    const rows = this.#models.list();
    for (const row of [...rows.filter(({ builtIn }) => builtIn), ...rows.filter(({ builtIn }) => !builtIn)]) {
      const sha256 = this.#contentOf(row.path);
      const kept = sha256 === undefined ? undefined : first.get(sha256);
      if (sha256 !== undefined && !kept) first.set(sha256, row);
      if (!kept || this.#isUsed(row.path) || this.#isUsed(kept.path)) continue;
      merged.push({ kept: this.#models.merge(row.id, kept.id), path: row.path });
    }
    return merged;
  }

  #isUsed(path: string): boolean {
    const isLoaded = this.#activity.loaded?.path === path;
    return isLoaded || this.#activity.isUsed('fit', path) || this.#activity.isUsed('answer', path);
  }
}

function sizeOf(path: string): number | undefined {
  return statsOf(path)?.size;
}

/** Hard links, and paths by which systems know the same file. */
function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statsOf(path));
  return a !== undefined && b !== undefined && a.ino !== 0 && a.ino === b.ino && a.dev === b.dev;
}
