import type { DocumentPages } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES } from '../contract/wire.ts';
import type {
  PagesRequest,
  PictureWorker,
  PreparedPicture,
  PrepareRequest,
} from '../contract/workers/picture.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { startPictureWorker } from '../engine/workers.ts';
import { brokeDecoder, tooSlow } from '../pictures/picture-errors.ts';
import { WorkerQueue } from './worker-queue.ts';

/** A photograph takes a second, the largest picture that is let through ten on a slow machine. */
const MOST_SECONDS = 60;
/** Pictures mostly come several at a time. */
const IDLE_SECONDS = 20;
/** Of pictures that wait their turn: some of the largest, or a folder of photographs. */
const MOST_WAITING_BYTES = 4 * MOST_PICTURE_BYTES;

/**
 * Looks at pictures in a process of its own, one after the other. One that refused a picture is ended: what a broken picture did to its
 * decoder is not known.
 */
export class PictureProcess implements AsyncDisposable {
  readonly #queue: WorkerQueue<PictureWorker>;
  #waitingBytes = 0;

  constructor(start?: StartWorker, limits = { mostSeconds: MOST_SECONDS, idleSeconds: IDLE_SECONDS }) {
    this.#queue = new WorkerQueue({
      start: () => startPictureWorker(start),
      limitMilliseconds: limits.mostSeconds * 1000,
      idleMilliseconds: limits.idleSeconds * 1000,
      ready: (worker) => worker.ready(),
      outlivesErrors: false,
    });
  }

  /**
   * A picture as it is to be kept, after it was decoded.
   * @throws SnugError BAD_PICTURE, BUSY when too many wait
   */
  async prepare(request: PrepareRequest): Promise<PreparedPicture> {
    return this.#look(request, (worker) => worker.prepare(request));
  }

  /** What a document's pages look like; throws as `prepare` does. */
  async pages(request: PagesRequest): Promise<DocumentPages> {
    return this.#look(request, (worker) => worker.pages(request));
  }

  async #look<Result>(
    { bytes, name }: PrepareRequest | PagesRequest,
    task: (worker: PictureWorker) => Promise<Result>,
  ): Promise<Result> {
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) {
      throw new SnugError('BUSY', `${name} has to wait: too many pictures come at once`, {
        advice: 'Add it again in a moment.',
      });
    }
    this.#waitingBytes += bytes.length;
    try {
      return await this.#queue.run(task, {
        late: () => tooSlow(name),
        died: (cause) => brokeDecoder(name, cause),
      });
    } finally {
      this.#waitingBytes -= bytes.length;
    }
  }

  /** Ends the process, with it the picture that is being looked at, and takes no other. */
  async close(): Promise<void> {
    await this.#queue.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
