import { SnugError } from '../contract/errors.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { WorkerProcess } from '../engine/worker-process.ts';
import type { Inspection } from '../models/inspect.ts';
import type { DescribedFiles } from './model-entry.ts';

interface OfPath {
  readonly path: string;
}
interface OfPair extends OfPath {
  readonly mmprojPath: string;
}

/** What the process that reads is asked, and what it answers. */
export interface ReadArguments {
  readonly describe: OfPath & { readonly mmprojPath: string | null };
  readonly inspect: OfPath;
  readonly kind: OfPath;
  readonly fits: OfPair;
  readonly checkPair: OfPair;
  readonly findMmproj: OfPath;
}
export interface ReadResults {
  readonly describe: DescribedFiles;
  readonly inspect: Inspection;
  readonly kind: 'text' | 'vision';
  readonly fits: boolean;
  readonly checkPair: void;
  readonly findMmproj: string | undefined;
}

/** A header takes a tenth of a second; a folder of encoders on a disk that has to spin up some seconds. */
const LIMIT_MILLISECONDS = 20_000;
/** Files come in groups; a process without work only takes memory. */
const IDLE_MILLISECONDS = 10_000;

/**
 * Reads headers of model files in a process of its own, one after the other and each within a time limit: a file made to take all memory
 * or to never end costs its reader, and neither this process nor the other files.
 */
export class ModelReader {
  readonly #entry: string;
  readonly #start: StartWorker | undefined;
  readonly #limit: number;
  #worker: WorkerProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(entry: string, start?: StartWorker, limitMilliseconds = LIMIT_MILLISECONDS) {
    this.#entry = entry;
    this.#start = start;
    this.#limit = limitMilliseconds;
  }

  read<Method extends keyof ReadArguments>(
    method: Method,
    argument: ReadArguments[Method],
  ): Promise<ReadResults[Method]> {
    const result = this.#last.then(() => this.#read(method, argument));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #read<Method extends keyof ReadArguments>(
    method: Method,
    argument: ReadArguments[Method],
  ): Promise<ReadResults[Method]> {
    if (this.#closed) throw new SnugError('CANCELLED', 'cancelled');
    clearTimeout(this.#idle);
    if (this.#worker?.isOver) await this.#end();
    const worker = (this.#worker ??= new WorkerProcess(this.#entry, this.#start));
    const limit = timeLimit(argument.path, this.#limit);
    try {
      return await Promise.race([worker.call<ReadResults[Method]>(method, argument), limit.over]);
    } catch (error) {
      const died = error instanceof SnugError && error.code === 'WORKER_DIED';
      if (limit.isOver || worker.isOver) await this.#end();
      throw died ? diedReading(argument.path, error) : error;
    } finally {
      limit.clear();
      this.#idle = setTimeout(() => void this.#end(), IDLE_MILLISECONDS).unref();
    }
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#end();
  }
}

function diedReading(path: string, cause: SnugError): SnugError {
  return new SnugError('WORKER_DIED', `the process that reads ${path} ended: ${cause.message}`, {
    advice: 'Try again; if it happens again, the file may be damaged: download it again.',
    cause,
  });
}

function timeLimit(path: string, milliseconds: number) {
  let timer: NodeJS.Timeout | undefined;
  const limit = {
    isOver: false,
    clear: () => clearTimeout(timer),
    over: new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        limit.isOver = true;
        reject(
          new SnugError('FILE', `${path} could not be read within ${milliseconds / 1000} seconds`, {
            advice: 'Check that its disk is connected and works, and try again.',
          }),
        );
      }, milliseconds);
    }),
  };
  return limit;
}
