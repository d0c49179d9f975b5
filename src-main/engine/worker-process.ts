import { fork } from 'node:child_process';
import { CancelledError, SnugError, fromErrorData } from '../contract/errors.ts';
import type { FromWorker, ToWorker } from './worker-protocol.ts';

/** A started process as the supervisor needs it: child_process here, utilityProcess under Electron. */
export interface WorkerPort {
  post(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  onExit(listener: (code: number | null, signal: string | null) => void): void;
  kill(): void;
  /** what it last wrote to stderr: llama.cpp prints a failed assertion there before it aborts */
  lastWords(): string;
}

export type StartWorker = (entry: string) => WorkerPort;

const KEPT_STDERR_CHARACTERS = 4_000;

/** Keeps the end of what a process writes to stderr. */
export function lastWordsOf(stderr: NodeJS.ReadableStream | null): () => string {
  let words = '';
  stderr?.setEncoding('utf8');
  stderr?.on('data', (chunk: string) => (words = (words + chunk).slice(-KEPT_STDERR_CHARACTERS)));
  return () => words.trim();
}

export const forkWorker: StartWorker = (entry) => {
  const child = fork(entry, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // a memory-hungry child must not take the parent's inspector port or flags
    execArgv: [],
  });
  return {
    // a child that died a moment ago takes no message; its end is told by onExit
    post: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (listener) => child.on('message', (message) => listener(message as FromWorker)),
    onExit: (listener) => child.on('exit', listener),
    kill: () => child.kill('SIGKILL'),
    lastWords: lastWordsOf(child.stderr),
  };
};

/**
 * A worker that has said nothing at so many looks in a row hangs, and is ended. Looks are counted and not the clock on the
 * wall: that one goes on while a laptop sleeps.
 */
const LOOK_MILLISECONDS = 15_000;
const SILENT_LOOKS = 4;
const CLOSE_MILLISECONDS = 3_000;

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onEvent: ((event: unknown) => void) | undefined;
}

/** One supervised worker process. Calls still running when it dies are rejected with what happened. */
export class WorkerProcess implements AsyncDisposable {
  readonly #port: WorkerPort;
  readonly #pending = new Map<number, PendingCall>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #closing = false;
  #death: SnugError | undefined;
  #silentLooks = 0;

  constructor(entry: string, start: StartWorker = forkWorker) {
    this.#port = start(entry);
    this.#port.onMessage((message) => this.#receive(message));
    const watch = setInterval(() => {
      if (++this.#silentLooks > SILENT_LOOKS) this.#port.kill();
    }, LOOK_MILLISECONDS);
    watch.unref();
    this.#exited = new Promise((resolve) => {
      this.#port.onExit((code, signal) => {
        clearInterval(watch);
        this.#die(code, signal);
        resolve();
      });
    });
  }

  /** Runs a method of the worker. Aborting the signal asks it to stop; the call then rejects as cancelled. */
  call<Result>(
    method: string,
    argument: unknown,
    options: { signal?: AbortSignal | undefined; onEvent?: ((event: never) => void) | undefined } = {},
  ): Promise<Result> {
    if (this.#death) return Promise.reject(this.#death);
    if (options.signal?.aborted) return Promise.reject(new CancelledError());
    const id = this.#nextId++;
    const cancel = () => this.#port.post({ kind: 'cancel', id });
    const result = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, {
        resolve,
        reject,
        onEvent: options.onEvent as ((event: unknown) => void) | undefined,
      });
    });
    options.signal?.addEventListener('abort', cancel, { once: true });
    this.#port.post({ kind: 'call', id, method, argument });
    return result.finally(() => options.signal?.removeEventListener('abort', cancel)) as Promise<Result>;
  }

  #receive(message: FromWorker): void {
    this.#silentLooks = 0;
    if (message.kind === 'alive') return;
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.kind === 'event') return pending.onEvent?.(message.event);
    this.#pending.delete(message.id);
    if (message.kind === 'result') pending.resolve(message.value);
    else pending.reject(fromErrorData(message.error));
  }

  #die(code: number | null, signal: string | null): void {
    if (signal === 'SIGILL') {
      this.#end(
        new SnugError('UNSUPPORTED_CPU', 'this processor lacks instructions that llama.cpp needs', {
          advice:
            'Snug needs a 64-bit Intel, AMD or ARM processor with vector instructions (SSE4.2 or NEON).',
        }),
      );
      return;
    }
    // the kernel's out-of-memory killer uses SIGKILL, and so do we for one that hangs
    const killed = signal === 'SIGKILL';
    const how = killed
      ? 'the system ended the process that computes (SIGKILL)'
      : `the worker process ${signal ? `was ended by ${signal}` : `ended with code ${code}`}`;
    const advice = killed
      ? 'It may have run out of memory: close other programs, or use a smaller model, budget or context.'
      : 'Try again; if it happens again, report it with the text above.';
    const words = this.#port.lastWords();
    this.#end(new SnugError('WORKER_DIED', `${how}${words ? `: ${words}` : ''}`, { advice }));
  }

  #end(death: SnugError): void {
    this.#death = death;
    for (const pending of this.#pending.values())
      pending.reject(this.#closing ? new CancelledError() : death);
    this.#pending.clear();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#port.post({ kind: 'close' });
    const timer = setTimeout(() => this.#port.kill(), CLOSE_MILLISECONDS);
    await this.#exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
