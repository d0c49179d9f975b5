import { brokeDecoder, tooSlow } from '../pictures/picture-errors.ts';
import type { PagesRequest } from '../pictures/document-pages.ts';
import type { PreparedPicture, PrepareRequest } from '../pictures/pictures.ts';
import type { DocumentPages } from '../contract/conversation.ts';
import { CancelledError, SnugError } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES } from '../contract/wire.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { WorkerProcess } from '../engine/worker-process.ts';

/** A photograph takes a second, the largest picture that is let through ten on a slow machine. */
const MOST_SECONDS = 60;
/** Pictures mostly come several at a time. */
const IDLE_SECONDS = 20;
/** Of pictures that wait their turn: some of the largest, or a folder of photographs. */
const MOST_WAITING_BYTES = 4 * MOST_PICTURE_BYTES;

/**
 * Looks at pictures in a process of its own: one after the other, started when the first comes, ended when none came for a while.
 * One that refused a picture is ended too: what a broken picture did to its decoder is not known.
 */
export class PictureProcess implements AsyncDisposable {
  readonly #entry: string;
  readonly #start: StartWorker | undefined;
  readonly #limits: { readonly mostSeconds: number; readonly idleSeconds: number };
  #worker: WorkerProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waitingBytes = 0;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    entry: string,
    start?: StartWorker,
    limits = { mostSeconds: MOST_SECONDS, idleSeconds: IDLE_SECONDS },
  ) {
    this.#entry = entry;
    this.#start = start;
    this.#limits = limits;
  }

  /**
   * A picture as it is to be kept, after it was decoded.
   * @throws SnugError BAD_PICTURE, BUSY when too many wait
   */
  prepare(request: PrepareRequest): Promise<PreparedPicture> {
    return this.#inTurn('prepare', request);
  }

  /** What a document's pages look like; throws as `prepare` does. */
  pages(request: PagesRequest): Promise<DocumentPages> {
    return this.#inTurn('pages', request);
  }

  async #inTurn<Result>(method: string, request: PrepareRequest | PagesRequest): Promise<Result> {
    const { bytes, name } = request;
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) {
      throw new SnugError('BUSY', `${name} has to wait: too many pictures come at once`, {
        advice: 'Add it again in a moment.',
      });
    }
    this.#waitingBytes += bytes.length;
    const result = this.#last.then(() => this.#ask<Result>(method, request));
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#waitingBytes -= bytes.length;
    }
  }

  async #ask<Result>(method: string, request: PrepareRequest | PagesRequest): Promise<Result> {
    clearTimeout(this.#idle);
    try {
      const worker = await this.#running();
      const answer = await this.#inTime(worker.call<Result>(method, request), request.name);
      this.#idle = setTimeout(() => void this.#end(), this.#limits.idleSeconds * 1000).unref();
      return answer;
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  async #running(): Promise<WorkerProcess> {
    // whether the one of before still lives: it was alone for a while
    if (this.#worker && !(await isReady(this.#worker))) await this.#end();
    if (this.#closed) throw new CancelledError();
    if (this.#worker) return this.#worker;
    const worker = new WorkerProcess(this.#entry, this.#start);
    this.#worker = worker;
    // one that can't even start is no fault of the picture
    await worker.call('ready', undefined);
    return worker;
  }

  async #inTime<Result>(answer: Promise<Result>, name: string): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow(name)), this.#limits.mostSeconds * 1000);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw (error as { code?: string }).code === 'WORKER_DIED' ? brokeDecoder(name, error) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.close();
  }

  /** Ends the process, with it the picture that is being looked at, and takes no other. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#end();
    await this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function isReady(worker: WorkerProcess): Promise<boolean> {
  return worker.call('ready', undefined).then(
    () => true,
    () => false,
  );
}
