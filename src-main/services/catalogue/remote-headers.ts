import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { SnugError } from '../../contract/errors.ts';
import { makeFolder } from '../../files/durable-files.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { writeError } from '../../files/write-error.ts';
import type { ListedFile } from '../../models/repository-files.ts';
import type { ModelReader } from '../model-reader.ts';
import type { HubReader } from './hub-reader.ts';

/** Enough for most headers of vision files; those of models are some megabytes, most of them vocabulary. */
const FIRST_BYTES = 2 ** 20;
const GROWTH = 4;
/** gguf/header-reader.ts reads no larger header. */
const MOST_BYTES = 64 * 2 ** 20;

/** A repository as it was at a commit. */
export interface Place {
  readonly repository: string;
  readonly commit: string;
}

/**
 * Headers of files that are on a hub, each in a file of its own as long as the one it is of: a hole for the weights takes no room. They
 * are read by another process, never here: their bytes come from anyone.
 */
export class RemoteHeaders implements Disposable {
  readonly #hub: HubReader;
  readonly #reader: Pick<ModelReader, 'missingHeader'>;
  readonly #folder: string;
  readonly #onSpeed: (bytesPerSecond: number) => void;
  /** where a header lies → the address that a person knows its file by */
  readonly #names = new Map<string, string>();

  constructor(parts: {
    hub: HubReader;
    reader: Pick<ModelReader, 'missingHeader'>;
    /** where a folder is made for the files */
    folder: string;
    /** told how fast the network was */
    onSpeed: (bytesPerSecond: number) => void;
  }) {
    this.#hub = parts.hub;
    this.#reader = parts.reader;
    this.#onSpeed = parts.onSpeed;
    try {
      makeFolder(parts.folder);
      this.#folder = mkdtempSync(join(parts.folder, 'offer-'));
    } catch (error) {
      throw writeError(error, parts.folder);
    }
  }

  /** Fetches a file's header. Returns where it lies. */
  async fetch(place: Place, file: ListedFile, signal: AbortSignal): Promise<string> {
    const path = this.#placeOf(file.path);
    this.#names.set(path, `${place.repository}/${file.path}`);
    try {
      await this.#fetch(path, place, file, signal);
    } catch (error) {
      throw this.named(error);
    }
    return path;
  }

  #placeOf(remote: string): string {
    const path = join(this.#folder, localName(remote));
    return this.#names.has(path) ? join(this.#folder, `${this.#names.size}-${localName(remote)}`) : path;
  }

  async #fetch(path: string, place: Place, { path: remote, bytes }: ListedFile, signal: AbortSignal) {
    await using file = await open(path, 'w', PRIVATE_FILE);
    const from = { repository: place.repository, revision: place.commit, path: remote };
    for (let [start, end] = [0, FIRST_BYTES]; ;) {
      end = Math.min(end, bytes);
      const began = performance.now();
      const part = await this.#hub.readRange(from, { start, end }, signal);
      if (part.length < end - start) throw changed(path);
      if (part.length >= FIRST_BYTES) this.#onSpeed(part.length / ((performance.now() - began) / 1000));
      await file.write(part, 0, part.length, start).catch((error: unknown) => {
        throw writeError(error, path);
      });
      const missing = await this.#reader.missingHeader({ path, wholeBytes: bytes });
      if (missing === undefined) break;
      start = end;
      end = Math.min(MOST_BYTES, Math.max(missing, end * GROWTH));
      if (end <= start) throw changed(path);
    }
    await file.truncate(bytes).catch((error: unknown) => {
      throw writeError(error, path);
    });
  }

  /** An error about a file here, told as one about the file on the hub. */
  named(error: unknown): unknown {
    if (!(error instanceof SnugError)) return error;
    const { code, remedies, cause } = error;
    const advice = error.advice === undefined ? undefined : this.renamed(error.advice);
    return new SnugError(code, this.renamed(error.message), { advice, remedies, cause });
  }

  renamed(text: string): string {
    return [...this.#names].reduce((words, [path, name]) => words.replaceAll(path, name), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * A name that any disk takes, also for a file called as a device of Windows; what a model is called by says what it is, and parts of a
 * split one find each other by theirs.
 */
function localName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/[^\w.-]/g, '_');
  return `hub-${name.slice(-100)}`;
}

function changed(path: string): SnugError {
  return new SnugError('BROKEN_GGUF', `${path} ends before its header does`, {
    advice: 'Its publisher may be changing it; try again later.',
  });
}
