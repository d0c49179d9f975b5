import { z } from 'zod';
import type { OpenedChat } from '../../src-main/contract/chat.ts';
import { toErrorData } from '../../src-main/contract/errors.ts';
import {
  methodOf,
  type WorkerContract,
  type WorkerServer,
} from '../../src-main/contract/workers/worker-contract.ts';
import { checkMessage } from '../../src-main/engine/check-message.ts';
import type { ExitListener, StartWorker, WorkerPort } from '../../src-main/engine/worker-port.ts';
import type { FromWorker, ToWorker } from '../../src-main/engine/worker-protocol.ts';

type Call = Extract<ToWorker, { readonly kind: 'call' }>;

/** A call of any method of a contract, whose argument and events are those of the method. */
export type FakeCall<Contract extends WorkerContract> = {
  readonly [Name in keyof Contract['methods'] & string]: {
    readonly method: Name;
    readonly argument: Parameters<WorkerServer<Contract>[Name]>[0];
    /** aborted when the caller cancels */
    readonly signal: AbortSignal;
    readonly emit: Parameters<WorkerServer<Contract>[Name]>[1]['emit'];
  };
}[keyof Contract['methods'] & string];

type Answer<Contract extends WorkerContract> = (call: FakeCall<Contract>) => unknown;

/** A worker process that is none: it checks what it is asked as a real one does, answers what a test says, and ends when told to. */
export class FakeWorker<Contract extends WorkerContract = WorkerContract> implements WorkerPort {
  readonly asked: string[] = [];
  alive = true;
  readonly #contract: WorkerContract;
  readonly #answer: Answer<Contract>;
  readonly #running = new Map<number, AbortController>();
  readonly #told: ((message: FromWorker) => void)[] = [];
  readonly #ended: ExitListener[] = [];

  constructor(contract: WorkerContract, answer: Answer<Contract>) {
    this.#contract = contract;
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
      const schema = methodOf(this.#contract, method)?.argument ?? z.never();
      const checked = checkMessage(schema, argument, `the argument of ${this.#contract.name}.${method}`);
      const call = { method, argument: checked, signal: abort.signal, emit } as FakeCall<Contract>;
      const value = await this.#answer(call);
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

/** Starts fake workers and keeps them; `Contract` is that of the workers that a test lets start. */
export class FakeWorkers<Contract extends WorkerContract = WorkerContract> {
  readonly all: FakeWorker<Contract>[] = [];
  /** the most that were alive at one time */
  mostAlive = 0;
  readonly start: StartWorker;

  constructor(answer: Answer<Contract>) {
    this.start = (_, contract) => {
      const worker = new FakeWorker<Contract>(contract, answer);
      this.all.push(worker);
      this.mostAlive = Math.max(this.mostAlive, this.alive.length);
      return worker;
    };
  }

  get alive(): readonly FakeWorker<Contract>[] {
    return this.all.filter((worker) => worker.alive);
  }
}

/** A chat that was opened, with what a test wants of it. */
export function openedAs(chat: Partial<OpenedChat>): OpenedChat {
  return {
    name: 'Demo-VL',
    canSee: true,
    contextTokens: 512,
    imageMaxTokens: 1024,
    memoryBytes: null,
    ...chat,
  };
}
