import { fork, type ChildProcess } from 'node:child_process';
import { chatEventSchema, type ChatEvent } from '../../src-main/contract/chat.ts';
import { chatContract } from '../../src-main/contract/workers/chat.ts';
import { lastWordsOf, type StartWorker } from '../../src-main/engine/worker-port.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { FromWorker, ToWorker } from '../../src-main/engine/worker-protocol.ts';
import { WITHOUT_TRIALS, withLittleCalibration } from '../helpers/little-calibration.ts';
import { fitEventSchema, type FitEvent } from '../../src-main/contract/workers/compress.ts';

/** What a worker tells while it works. */
export type WorkerEvent = ChatEvent | FitEvent;

interface Moment {
  readonly wanted: (event: WorkerEvent) => boolean;
  readonly reached: (event: WorkerEvent) => void;
}

/**
 * The app's real worker processes, held by the system (SIGSTOP) at a moment that a test names: the demo model is too quick
 * for a person, or a test, to do something while it works.
 */
export class Workers {
  /** The model finds no end by itself: an answer lasts until it is stopped or the context is full. */
  endless = false;
  /** What fits are asked beside what the window asks. */
  fits: Partial<FitRequest> = WITHOUT_TRIALS;
  #moment: Moment | undefined;
  #held: ChildProcess | undefined;

  readonly start: StartWorker = (entry) => {
    const child = fork(entry, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    // heard here once, however many listen: the process is held right after it has told what was waited for
    child.on('message', (message: FromWorker) => {
      if (message.kind !== 'event') return;
      const told = chatEventSchema.or(fitEventSchema).safeParse(message.event);
      if (told.success) this.#see(told.data, child);
    });
    return {
      post: (message) => {
        if (child.connected) child.send(this.#asked(message), () => undefined);
        // what is told to stop must be able to
        if (message.kind !== 'call') child.kill('SIGCONT');
      },
      onMessage: (listener) => child.on('message', (message: FromWorker) => listener(message)),
      onExit: (listener) => child.on('exit', listener),
      kill: () => child.kill('SIGKILL'),
      lastWords: lastWordsOf(child.stderr),
    };
  };

  /** Holds the process that next tells something wanted, as soon as it has told it; what it told. */
  holdAt(wanted: Moment['wanted']): Promise<WorkerEvent> {
    return new Promise((resolve) => (this.#moment = { wanted, reached: resolve }));
  }

  /** Holds the next answer, without an end, after its first words; those. */
  async holdAnswer(): Promise<string> {
    this.endless = true;
    let words = '';
    await this.holdAt((event) => {
      if (event.kind === 'text') words += event.text;
      return /\w{2}/.test(words);
    });
    return words.trim();
  }

  /** Holds the next fit at its first progress in a stage. */
  async holdFit(stage: string): Promise<void> {
    await this.holdAt((event) => event.kind === 'progress' && event.progress.stage === stage);
  }

  /** Lets the held process go on; answers end by themselves again. */
  release(): void {
    this.endless = false;
    this.#moment = undefined;
    this.#held?.kill('SIGCONT');
    this.#held = undefined;
  }

  /** What the system does to a process when memory runs out. */
  kill(): void {
    this.#held?.kill('SIGKILL');
    this.release();
  }

  #see(event: WorkerEvent, child: ChildProcess): void {
    if (!this.#moment?.wanted(event)) return;
    child.kill('SIGSTOP');
    this.#held = child;
    this.#moment.reached(event);
    this.#moment = undefined;
  }

  #asked(message: ToWorker): ToWorker {
    if (!this.endless || message.kind !== 'call') return withLittleCalibration(message, this.fits);
    const { send, askOnce } = chatContract.methods;
    if (message.method === 'send')
      return { ...message, argument: { ...send.argument.parse(message.argument), ignoreEnd: true } };
    if (message.method !== 'askOnce') return message;
    const argument = askOnce.argument.parse(message.argument);
    return { ...message, argument: { ...argument, question: { ...argument.question, ignoreEnd: true } } };
  }
}
