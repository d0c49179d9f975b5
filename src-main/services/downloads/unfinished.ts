import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { hasCode } from '../../contract/errors.ts';
import { discard } from '../../files/durable-files.ts';
import { isInside, realPath } from '../../files/paths.ts';
import { ownStatsOf } from '../../files/stats.ts';
import type { DownloadRepository, StoredDownload } from '../../store/downloads.ts';
import { takeLock } from '../../store/lock.ts';
import type { MovingFile } from '../move/files.ts';
import type { Parts } from './hub-port.ts';
import { lockPath, targetsIn } from './place.ts';

/** What downloads that are not done have on disk: to delete it, and to take it along when the models move. */
export class UnfinishedDownloads {
  readonly #downloads: DownloadRepository;
  readonly #parts: Parts;
  readonly #isUsed: (path: string) => boolean;

  /** @param isUsed whether the library uses a file */
  constructor(downloads: DownloadRepository, parts: Parts, isUsed: (path: string) => boolean) {
    this.#downloads = downloads;
    this.#parts = parts;
    this.#isUsed = isUsed;
  }

  /** Its whole files that no model uses, and what is here of the others. */
  #filesOf({ folder, files }: StoredDownload): readonly string[] {
    if (folder === null) return [];
    const targets = targetsIn(
      folder,
      files.map(({ path }) => path),
    );
    return [...targets.values()].flatMap((target) => [
      ...this.#parts.of(target).filter((path) => existsSync(path)),
      ...(existsSync(target) && !this.#isUsed(target) ? [target] : []),
    ]);
  }

  #unfinished(): readonly StoredDownload[] {
    return this.#downloads.list().filter(({ state }) => state !== 'done');
  }

  /** Those below a folder, and where they go when it moves. */
  filesToMove(from: string, to: string): readonly MovingFile[] {
    const root = realPath(from);
    return this.#unfinished()
      .flatMap((download) => this.#filesOf(download))
      .flatMap((path) => {
        const place = join(realPath(dirname(path)), basename(path));
        const found = ownStatsOf(path);
        if (!found?.isFile() || !isInside(root, place)) return [];
        return [{ from: path, to: join(to, relative(root, place)), bytes: found.size }];
      });
  }

  /** Whether a download still needs this file. */
  isNeeded(path: string): boolean {
    return this.#unfinished().some((download) => this.#filesOf(download).includes(path));
  }

  /** Lets downloads whose files have all gone from one folder to another go on there. Running it again changes nothing. */
  follow(from: string, to: string): void {
    const root = realPath(from);
    for (const download of this.#unfinished()) {
      const { folder } = download;
      if (folder === null || !isInside(root, realPath(folder)) || this.#filesOf(download).length > 0)
        continue;
      const there = { ...download, folder: join(to, relative(root, realPath(folder))) };
      if (this.#filesOf(there).length > 0) this.#downloads.save(there);
    }
  }

  /** Deletes what is here of a download that was given up, and its folder if nothing else is in it; not while another Snug writes there. */
  delete(download: StoredDownload): void {
    const { folder } = download;
    if (folder === null || !existsSync(folder)) return;
    try {
      using _lock = takeLock(lockPath(folder), 'downloading this model');
      for (const path of this.#filesOf(download)) discard(path);
    } catch (error) {
      if (hasCode(error, 'BUSY')) return;
      throw error;
    }
    removeEmpty(folder);
  }
}

function removeEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  } catch {
    // something was put into it meanwhile
  }
}
