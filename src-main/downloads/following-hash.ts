import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SnugError } from '../contract/errors.ts';

/** Which file a thread hashes. */
export interface HashedFile {
  readonly path: string;
  /** a partial one, of which something is withheld that belongs to its hash */
  readonly isPartial: boolean;
}
/** Hash up to this byte, or say what it is. */
export type HashTask = { readonly upTo: number } | 'end';
export type HashReport = { readonly hashed: number } | { readonly sha256: string };

const entry = join(import.meta.dirname, `hash-thread${extname(import.meta.filename)}`);

/** Each message to the thread costs more than hashing a little. */
const FOLLOWED_BYTES = 2 ** 20;

/** The SHA-256 of a file that is still being written, of what is there from its beginning on, by a thread that reads it from the disk. */
export class FollowingHash implements AsyncDisposable {
  readonly #thread: Worker;
  readonly #ended = Promise.withResolvers<string>();
  /** bytes that are hashed */
  hashed = 0;
  onHashed: () => void = () => undefined;
  #followed = 0;

  constructor(file: HashedFile) {
    const { path } = file;
    this.#thread = new Worker(entry, { workerData: file, execArgv: [] });
    this.#thread.on('message', (report: HashReport) => {
      if ('sha256' in report) return this.#ended.resolve(report.sha256);
      this.hashed = report.hashed;
      this.onHashed();
    });
    this.#thread.on('error', (cause: Error) => {
      const advice = 'Check the disk and try again.';
      this.#ended.reject(
        new SnugError('FILE', `${path} cannot be read: ${cause.message}`, { advice, path, cause }),
      );
    });
    // whoever waits for the end hears of an error
    this.#ended.promise.catch(() => undefined);
  }

  /** Everything before this byte is written. */
  follow(upTo: number): void {
    if (upTo - this.#followed < FOLLOWED_BYTES) return;
    this.#followed = upTo;
    this.#post({ upTo });
  }

  /** The whole file, which has so many bytes, in hex. @throws SnugError FILE */
  end(bytes: number): Promise<string> {
    this.#post({ upTo: bytes });
    this.#post('end');
    return this.#ended.promise;
  }

  #post(task: HashTask): void {
    this.#thread.postMessage(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}
