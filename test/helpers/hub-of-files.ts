import { readFileSync } from 'node:fs';
import { SnugError } from '../../src-main/contract/errors.ts';
import type { HubReader, HubRepository } from '../../src-main/services/catalogue/hub-reader.ts';

/** A hub without a network: repositories of files that lie here, or of bytes. */
export class HubOfFiles implements HubReader {
  readonly address = new URL('https://hub.test/');
  /** what was read, as path and bytes */
  readonly ranges: { readonly path: string; readonly bytes: number }[] = [];
  readonly #repositories = new Map<
    string,
    { about: HubRepository; files: ReadonlyMap<string, Uint8Array> }
  >();
  /** thrown by every question, as where there is no network */
  fault: SnugError | undefined;

  add(
    repository: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    about: Partial<HubRepository> = {},
  ): this {
    const contents = new Map(
      Object.entries(files).map(([path, file]) => [
        path,
        typeof file === 'string' ? readFileSync(file) : file,
      ]),
    );
    this.#repositories.set(repository.toLowerCase(), {
      about: {
        repository,
        commit: 'c'.repeat(40),
        gated: false,
        licence: 'apache-2.0',
        page: `https://hub.test/${repository}`,
        files: [...contents].map(([path, bytes]) => ({ path, bytes: bytes.length })),
        ...about,
      },
      files: contents,
    });
    return this;
  }

  files(repository: string): Promise<HubRepository> {
    return Promise.resolve().then(() => this.#get(repository).about);
  }

  readRange(
    { repository, path }: { repository: string; path: string },
    range: { start: number; end: number },
  ): Promise<Uint8Array> {
    return Promise.resolve().then(() => this.#part(repository, path, range));
  }

  #part(repository: string, path: string, { start, end }: { start: number; end: number }): Uint8Array {
    const bytes = this.#get(repository).files.get(path);
    if (!bytes) throw new SnugError('NOT_FOUND', `${repository} has no ${path}`);
    const part = bytes.subarray(start, end);
    this.ranges.push({ path, bytes: part.length });
    return part;
  }

  #get(repository: string) {
    if (this.fault) throw this.fault;
    const found = this.#repositories.get(repository.toLowerCase());
    if (!found) throw new SnugError('NOT_FOUND', `there is no repository ${repository}`);
    return found;
  }
}
