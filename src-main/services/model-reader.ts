import { SnugError } from '../contract/errors.ts';
import type { PairFacts } from '../contract/export.ts';
import type { DescribedFiles, Inspection } from '../contract/model.ts';
import type { ReadWorker } from '../contract/workers/read.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { startReadWorker } from '../engine/workers.ts';
import { WorkerQueue } from './worker-queue.ts';

/** A header takes a tenth of a second; a folder of encoders on a disk that has to spin up some seconds. */
const LIMIT_MILLISECONDS = 20_000;
const IDLE_MILLISECONDS = 10_000;

interface OfPath {
  readonly path: string;
}
interface OfPair extends OfPath {
  readonly mmprojPath: string;
}

/**
 * Reads headers of model files in a process of its own, one after the other and each within a time limit: a file made to take all memory
 * or to never end costs its reader, and neither this process nor the other files.
 */
export class ModelReader implements AsyncDisposable {
  readonly #queue: WorkerQueue<ReadWorker>;
  readonly #limitMilliseconds: number;

  constructor(start?: StartWorker, limitMilliseconds = LIMIT_MILLISECONDS) {
    this.#limitMilliseconds = limitMilliseconds;
    this.#queue = new WorkerQueue({
      start: () => startReadWorker(start),
      limitMilliseconds,
      idleMilliseconds: IDLE_MILLISECONDS,
      // most of what it is given it refuses: that is its work
      outlivesErrors: true,
    });
  }

  /** What a model's files say of it. */
  async describe(files: OfPath & { readonly mmprojPath: string | null }): Promise<DescribedFiles> {
    return this.#read(files.path, (worker) => worker.describe(files));
  }

  /** All that a file's header says. */
  async inspect(file: OfPath): Promise<Inspection> {
    return this.#read(file.path, (worker) => worker.inspect(file));
  }

  /** What an export tells of a model and its vision file. */
  async pairFacts(files: OfPath & { readonly mmprojPath: string | null }): Promise<PairFacts> {
    return this.#read(files.path, (worker) => worker.pairFacts(files));
  }

  /** Whether it is a text model or a vision file; throws for anything else. */
  async kind(file: OfPath): Promise<'text' | 'vision'> {
    return this.#read(file.path, (worker) => worker.kind(file));
  }

  /** Of a file whose first bytes are at the path: how many are needed to read its header on; undefined where all of it is there. */
  async missingHeader(file: OfPath & { readonly wholeBytes: number }): Promise<number | undefined> {
    return this.#read(file.path, (worker) => worker.missingHeader(file));
  }

  /** The files of the model that a file belongs to: of a split model, its parts that are there. */
  async files(file: OfPath): Promise<readonly string[]> {
    return this.#read(file.path, (worker) => worker.files(file));
  }

  /** Whether a vision file belongs to a text model. */
  async fits(pair: OfPair): Promise<boolean> {
    return this.#read(pair.path, (worker) => worker.fits(pair));
  }

  /** Throws WRONG_PAIR with the reason where it does not. */
  async checkPair(pair: OfPair): Promise<void> {
    return this.#read(pair.path, (worker) => worker.checkPair(pair));
  }

  /** The vision file in a text model's folder; throws where several fit. */
  async findMmproj(file: OfPath): Promise<string | undefined> {
    return this.#read(file.path, (worker) => worker.findMmproj(file));
  }

  async #read<Result>(path: string, task: (worker: ReadWorker) => Promise<Result>): Promise<Result> {
    return this.#queue.run(task, {
      late: () => tooSlow(path, this.#limitMilliseconds),
      died: (cause) => diedReading(path, cause),
    });
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function diedReading(path: string, cause: SnugError): SnugError {
  return new SnugError('WORKER_DIED', `the process that reads ${path} ended: ${cause.message}`, {
    advice: 'Try again; if it happens again, the file may be damaged: download it again.',
    cause,
  });
}

function tooSlow(path: string, milliseconds: number): SnugError {
  return new SnugError('FILE', `${path} could not be read within ${milliseconds / 1000} seconds`, {
    advice: 'Check that its disk is connected and works, and try again.',
  });
}
