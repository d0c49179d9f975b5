import { toErrorData } from '../../src-main/contract/errors.ts';
import type { ExitListener, StartWorker, WorkerPort } from '../../src-main/engine/worker-port.ts';
import type { FromWorker, ToWorker } from '../../src-main/engine/worker-protocol.ts';

type Call = Extract<ToWorker, { readonly kind: 'call' }>;

export interface FakeCall {
  readonly method: string;
  readonly argument: unknown;
  /** aborted when the caller cancels */
  readonly signal: AbortSignal;
  readonly emit: (event: unknown) => void;
}

/** A worker process that is none: it answers what a test says, and ends when told to. */
export class FakeWorker implements WorkerPort {
  readonly entry: string;
  readonly asked: string[] = [];
  alive = true;
  readonly #answer: (call: FakeCall) => unknown;
  readonly #running = new Map<number, AbortController>();
  readonly #told: ((message: FromWorker) => void)[] = [];
  readonly #ended: ExitListener[] = [];

  constructor(entry: string, answer: (call: FakeCall) => unknown) {
    this.entry = entry;
    this.#answer = answer;
  }

  post(message: ToWorker): void {
    if (!this.alive) return;
    if (message.kind === 'close') this.die(0, null);
    else if (message.kind === 'cancel') this.#running.get(message.id)?.abort();
    else void this.#run(message);
  }

  async #run({ id, method, argument }: Call): Promise<void> {
    this.asked.push(method);
    const abort = new AbortController();
    this.#running.set(id, abort);
    const emit = (event: unknown) => this.#say({ kind: 'event', id, event });
    try {
      const value = await this.#answer({ method, argument, signal: abort.signal, emit });
      this.#say({ kind: 'result', id, value });
    } catch (error) {
      this.#say({ kind: 'error', id, error: toErrorData(error) });
    }
  }

  #say(message: FromWorker): void {
    if (this.alive) this.#told.forEach((listener) => listener(message));
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.#told.push(listener);
  }

  onExit(listener: ExitListener): void {
    this.#ended.push(listener);
  }

  kill(): void {
    this.die(null, 'SIGKILL');
  }

  die(code: number | null, signal: string | null): void {
    if (!this.alive) return;
    this.alive = false;
    // as a real process: not before whoever ended it has gone on
    setImmediate(() => this.#ended.forEach((listener) => listener(code, signal)));
  }

  lastWords(): string {
    return '';
  }
}

/** Starts fake workers and keeps them. */
export class FakeWorkers {
  readonly all: FakeWorker[] = [];
  /** the most that were alive at one time */
  mostAlive = 0;
  readonly start: StartWorker;

  constructor(answer: (call: FakeCall) => unknown) {
    this.start = (entry) => {
      const worker = new FakeWorker(entry, answer);
      this.all.push(worker);
      this.mostAlive = Math.max(this.mostAlive, this.alive.length);
      return worker;
    };
  }

  get alive(): readonly FakeWorker[] {
    return this.all.filter((worker) => worker.alive);
  }
}
