import { CancelledError, fromErrorData, SnugError } from '../contract/errors.ts';
import type { CallOptions, RunningWorker } from '../contract/workers/worker-contract.ts';
import { checkMessage } from './check-message.ts';
import { forkWorker } from './fork-worker.ts';
import { deathOf, startFailure } from './worker-death.ts';
import type { StartProcess, WorkerPort } from './worker-port.ts';
import { UsedFiles } from './used-files.ts';
import { fromWorkerSchema, type FromWorker, type ToWorker } from './worker-protocol.ts';

/**
 * A worker that has said nothing at so many looks in a row hangs, and is ended. Looks are counted and not the clock on the
 * wall: that one goes on while a laptop sleeps.
 */
const LOOK_MILLISECONDS = 15_000;
const SILENT_LOOKS = 4;
const CLOSE_MILLISECONDS = 3_000;
/** A call that was cancelled and goes on for so long does not hear it: its process is ended. */
const CANCEL_MILLISECONDS = 15_000;
/** A process that the system does not end in this time, as one that waits for a broken disk, is given up. */
const KILL_MILLISECONDS = 1_000;

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly onEvent: ((event: unknown) => void) | undefined;
  readonly isCancelled: () => boolean;
}

export interface ProcessCallOptions extends CallOptions<unknown> {
  /** what it reads, to tell what became of it where the process dies */
  readonly files?: readonly string[] | undefined;
}

/** One supervised worker process. Calls still running when it dies are rejected with what happened. */
export class WorkerProcess implements RunningWorker {
  readonly #port: WorkerPort | undefined;
  readonly #pending = new Map<number, PendingCall>();
  readonly #files = new UsedFiles();
  readonly #exited = Promise.withResolvers<undefined>();
  #watch: NodeJS.Timeout | undefined;
  #nextId = 1;
  #closing = false;
  #death: SnugError | undefined;
  #silentLooks = 0;

  constructor(entry: string, start: StartProcess = forkWorker) {
    try {
      this.#port = start(entry);
    } catch (error) {
      this.#end(startFailure(error));
      return;
    }
    const port = this.#port;
    port.onMessage((message) => this.#receive(message));
    this.#watch = setInterval(() => {
      if (++this.#silentLooks > SILENT_LOOKS) this.#kill();
    }, LOOK_MILLISECONDS);
    this.#watch.unref();
    port.onExit((code, signal, failure) => {
      this.#end(failure ? startFailure(failure) : deathOf(code, signal, port.lastWords(), this.#files));
    });
  }

  /** Whether it can take no more calls: it died, or was closed. */
  get isOver(): boolean {
    return this.#closing || this.#death !== undefined;
  }

  /**
   * Runs a method of the worker; nothing of it is checked here. Aborting the signal asks it to stop; the call then rejects as cancelled.
   * One that goes on is ended with its process. What `onEvent` throws ends the call with it.
   */
  async call(method: string, argument: unknown, options: ProcessCallOptions = {}): Promise<unknown> {
    const { signal, onEvent } = options;
    if (this.#death) throw this.#death;
    if (signal?.aborted || this.#closing) throw new CancelledError();
    for (const path of options.files ?? []) this.#files.note(path);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject, onEvent, isCancelled: () => signal?.aborted ?? false });
    let deaf: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.#post({ kind: 'cancel', id });
      deaf = setTimeout(() => this.#kill(), options.grace?.() ?? CANCEL_MILLISECONDS);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      this.#post({ kind: 'call', id, method, argument });
      return await promise;
    } finally {
      this.#pending.delete(id);
      clearTimeout(deaf);
      signal?.removeEventListener('abort', cancel);
    }
  }

  #post(message: ToWorker): void {
    if (!this.#death) this.#port?.post(message);
  }

  #receive(said: unknown): void {
    this.#silentLooks = 0;
    let message: FromWorker;
    try {
      message = checkMessage(fromWorkerSchema, said, 'what a worker said');
    } catch (error) {
      if (!(error instanceof SnugError)) throw error;
      // nobody can tell which of its calls it was about
      this.#port?.kill();
      return this.#end(error);
    }
    if (message.kind === 'alive') return;
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.kind === 'event') return this.#hear(message.id, pending, message.event);
    this.#pending.delete(message.id);
    if (message.kind === 'result') pending.resolve(message.value);
    else pending.reject(fromErrorData(message.error));
  }

  #hear(id: number, pending: PendingCall, event: unknown): void {
    try {
      pending.onEvent?.(event);
    } catch (error) {
      // thrown in the middle of a process's message, nobody would hear it
      this.#pending.delete(id);
      this.#post({ kind: 'cancel', id });
      pending.reject(error);
    }
  }

  #kill(): void {
    if (this.#death) return;
    this.#port?.kill();
    setTimeout(() => this.#end(deathOf(null, 'SIGKILL', '')), KILL_MILLISECONDS).unref();
  }

  #end(death: SnugError): void {
    if (this.#death) return;
    this.#death = death;
    clearInterval(this.#watch);
    for (const pending of this.#pending.values())
      pending.reject(this.#closing || pending.isCancelled() ? new CancelledError() : death);
    this.#pending.clear();
    this.#exited.resolve(undefined);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#post({ kind: 'close' });
    const timer = setTimeout(() => this.#kill(), CLOSE_MILLISECONDS);
    await this.#exited.promise;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
