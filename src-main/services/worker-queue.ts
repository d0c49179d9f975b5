import { CancelledError, hasCode, type SnugError } from '../contract/errors.ts';
import type { RunningWorker } from '../contract/workers/worker-contract.ts';

/** How a queue treats its process. */
export interface QueueOptions<Worker> {
  readonly start: () => Worker;
  /** what one task may take */
  readonly limitMilliseconds: number;
  /** tasks come in groups; a process without work only takes memory */
  readonly idleMilliseconds: number;
  /** Looks, before a task, whether a process works. One that cannot even start is no fault of the task. */
  readonly ready?: (worker: Worker) => Promise<void>;
  /** whether a process that refused one task is given the next */
  readonly outlivesErrors: boolean;
}

/** What is said of a task that took too long, and of one that its process died of. */
export interface QueueErrors {
  readonly late: () => SnugError;
  readonly died: (cause: SnugError) => SnugError;
}

/**
 * Tasks for a process of its own, one after the other: it is started when the first comes, and ended when none came for a while. One
 * that takes too long, or that the process dies of, costs itself and not those that wait.
 */
export class WorkerQueue<Worker extends RunningWorker> implements AsyncDisposable {
  readonly #options: QueueOptions<Worker>;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: QueueOptions<Worker>) {
    this.#options = options;
  }

  async run<Result>(task: (worker: Worker) => Promise<Result>, errors: QueueErrors): Promise<Result> {
    const result = this.#last.then(() => this.#run(task, errors));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<Result>(task: (worker: Worker) => Promise<Result>, errors: QueueErrors): Promise<Result> {
    clearTimeout(this.#idle);
    try {
      const worker = await this.#running();
      return await this.#inTime(task(worker), errors);
    } catch (error) {
      if (!this.#options.outlivesErrors || this.#worker?.isOver) await this.#end();
      throw error;
    } finally {
      if (this.#worker && !this.#closed) this.#endLater();
    }
  }

  async #running(): Promise<Worker> {
    const { start, ready } = this.#options;
    // whether the one of before still lives: it was alone for a while
    if (this.#worker && !(await this.#isReady(this.#worker))) await this.#end();
    if (this.#closed) throw new CancelledError();
    if (this.#worker) return this.#worker;
    this.#worker = start();
    await ready?.(this.#worker);
    return this.#worker;
  }

  async #isReady(worker: Worker): Promise<boolean> {
    if (worker.isOver) return false;
    try {
      await this.#options.ready?.(worker);
      return true;
    } catch {
      return false;
    }
  }

  async #inTime<Result>(answer: Promise<Result>, { late, died }: QueueErrors): Promise<Result> {
    const limit = Promise.withResolvers<never>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      limit.reject(late());
    }, this.#options.limitMilliseconds);
    try {
      return await Promise.race([answer, limit.promise]);
    } catch (error) {
      if (isLate) await this.#end();
      throw hasCode(error, 'WORKER_DIED') ? died(error) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  #endLater(): void {
    this.#idle = setTimeout(() => void this.#end(), this.#options.idleMilliseconds).unref();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.close();
  }

  /** Ends the process, with it the task that runs; those that wait are cancelled, and none is taken any more. */
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
