import type { StartWorker } from '../../engine/worker-port.ts';
import { startHashWorker } from '../../engine/workers.ts';
import { ModelFiles } from '../../store/model-files.ts';

export interface HashRun {
  readonly signal: AbortSignal;
  /** bytes read so far, of all files of this run */
  readonly onBytes: (done: number) => void;
}

/** Hashes whole files in a process of its own, and remembers what they held. */
export class WholeFileHasher {
  readonly #home: string;
  readonly #start: StartWorker | undefined;

  constructor(home: string, start?: StartWorker) {
    this.#home = home;
    this.#start = start;
  }

  /** What is known of files' content; to be closed. */
  openKnown(): ModelFiles {
    return ModelFiles.open(this.#home);
  }

  /** One process for all that `work` hashes. */
  async run<Result>(
    { signal, onBytes }: HashRun,
    work: (hash: (path: string) => Promise<string>) => Promise<Result>,
  ): Promise<Result> {
    await using worker = startHashWorker(this.#start);
    let before = 0;
    return await work(async (path) => {
      const { sha256, stamp } = await worker.hash(
        { path },
        { signal, onEvent: ({ done }) => onBytes(before + done) },
      );
      before += stamp.bytes;
      onBytes(before);
      using known = this.openKnown();
      known.remember(path, stamp, sha256);
      return sha256;
    });
  }
}
