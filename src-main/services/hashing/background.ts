import { setTimeout as pause } from 'node:timers/promises';
import { isCancelled, SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { HashWorker } from '../../contract/workers/hash.ts';
import type { StartWorker } from '../../engine/worker-port.ts';
import { startHashWorker } from '../../engine/workers.ts';
import { fileStamp } from '../../files/file-stamp.ts';
import type { ModelFiles } from '../../store/model-files.ts';
import type { Activity, UseKind } from '../activity.ts';
import { WorkerQueue } from '../worker-queue.ts';

/** A tenth of a second on a fast disk, a second on a slow one: what an answer that begins meanwhile waits at most. */
const STEP_BYTES = 64 * 2 ** 20;
const STEP_LIMIT_MILLISECONDS = 120_000;
/** Longer than most answers, so that a file is not begun anew after each. */
const IDLE_MILLISECONDS = 600_000;

/** When the background work is done. Tests have none of the waiting. */
export interface HashingPace {
  /** before it begins: starting has enough to do */
  readonly startMilliseconds: number;
  /** between looks whether the laptop is used for something else */
  readonly busyMilliseconds: number;
  /** how long it rests, as a multiple of what it worked */
  readonly rest: number;
}

const UNHURRIED: HashingPace = { startMilliseconds: 10_000, busyMilliseconds: 1_000, rest: 1 };

/** What the background work makes room for. */
const IN_THE_WAY: readonly UseKind[] = [
  'answer',
  'serving',
  'sideBySide',
  'fit',
  'download',
  'move',
  'copy',
  'export',
];

/**
 * Works out what model files contain, in a process of its own: those of the library by and by while nothing else is done, others at once
 * when they are asked for. What was worked out is remembered over restarts.
 */
export class BackgroundHasher implements AsyncDisposable {
  readonly #files: ModelFiles;
  readonly #activity: Activity;
  readonly #pace: HashingPace;
  readonly #queue: WorkerQueue<HashWorker>;
  readonly #over = new AbortController();
  /** files that could not be read, as they were then */
  readonly #refused = new Map<string, string>();
  #wanted: () => readonly string[] = () => [];
  #onKnown: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(options: {
    files: ModelFiles;
    activity: Activity;
    start?: StartWorker | undefined;
    pace?: HashingPace | undefined;
  }) {
    this.#files = options.files;
    this.#activity = options.activity;
    this.#pace = options.pace ?? UNHURRIED;
    this.#queue = new WorkerQueue({
      start: () => startHashWorker(options.start),
      limitMilliseconds: STEP_LIMIT_MILLISECONDS,
      idleMilliseconds: IDLE_MILLISECONDS,
      outlivesErrors: true,
    });
  }

  /** Says what is to be worked out in the background, most wanted first, and who is told when one more file is known. */
  watch(wanted: () => readonly string[], onKnown: () => void): void {
    this.#wanted = wanted;
    this.#onKnown = onKnown;
  }

  /** Looks again what there is to do in the background, once Snug has nothing else to do. */
  wake(): void {
    if (this.#over.signal.aborted || this.#next() === undefined) return;
    this.#running ??= this.#work()
      .catch((error: unknown) => {
        // a table that cannot be written to now is tried again with the next file
        if (!(error instanceof SnugError)) throw error;
      })
      .finally(() => (this.#running = undefined));
  }

  async #work(): Promise<void> {
    await this.#rest(this.#pace.startMilliseconds);
    for (let path = this.#next(); path !== undefined; path = this.#next()) {
      try {
        await this.#hash(path, this.#over.signal, async (worked) => this.#makeRoom(worked));
      } catch (error) {
        if (isCancelled(error) || !(error instanceof SnugError)) throw error;
        this.#refused.set(path, JSON.stringify(fileStamp(path)));
        continue;
      }
      this.#onKnown();
    }
  }

  #next(): string | undefined {
    return this.#wanted().find((path) => {
      const stamp = fileStamp(path);
      return (
        stamp && this.#files.known(path) === undefined && this.#refused.get(path) !== JSON.stringify(stamp)
      );
    });
  }

  async #makeRoom(workedMilliseconds: number): Promise<void> {
    await this.#rest(workedMilliseconds * this.#pace.rest);
    while (IN_THE_WAY.some((kind) => this.#activity.isUsed(kind)))
      await this.#rest(this.#pace.busyMilliseconds);
  }

  async #rest(milliseconds: number): Promise<void> {
    const { signal } = this.#over;
    await pause(milliseconds, undefined, { ref: false, signal }).catch(() => undefined);
    throwIfCancelled(signal);
  }

  /** The SHA-256 of a file, worked out now unless it is known. Throws FILE where it can't be read or changes meanwhile. */
  async sha256(path: string, signal?: AbortSignal): Promise<string> {
    return this.#files.known(path) ?? this.#hash(path, signal, () => Promise.resolve());
  }

  async #hash(
    path: string,
    signal: AbortSignal | undefined,
    before: (workedMilliseconds: number) => Promise<void>,
  ): Promise<string> {
    let worked = 0;
    for (let begins = true; ; begins = false) {
      await before(worked);
      throwIfCancelled(signal);
      const began = performance.now();
      const step = await this.#step(path, begins);
      worked = performance.now() - began;
      if (step.sha256 !== null) {
        this.#files.remember(path, step.stamp, step.sha256);
        return step.sha256;
      }
    }
  }

  async #step(path: string, begins: boolean) {
    return this.#queue.run((worker) => worker.step({ path, bytes: STEP_BYTES, begins }), {
      late: () => new SnugError('FILE', `${path} could not be read in time`, { advice: CHECK_DISK, path }),
      died: (cause) =>
        new SnugError('WORKER_DIED', `the process that reads ${path} ended: ${cause.message}`, {
          advice: CHECK_DISK,
          cause,
        }),
    });
  }

  /** Ends what runs; what was not worked out wholly is begun anew another time. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#queue.close();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const CHECK_DISK = 'Check that its disk is connected and works, and try again.';
