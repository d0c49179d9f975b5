import type { LaptopService, LaptopView } from '../contract/laptop.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { startCompressWorker } from '../engine/workers.ts';
import type { ModelsFolder } from './folder.ts';
import { SharedWork } from './shared-work.ts';

/** This machine, looked at by a process of its own: asking the CPU loads the engine. */
export class LaptopReader implements LaptopService {
  readonly #folder: Pick<ModelsFolder, 'current'>;
  readonly #start: StartWorker | undefined;
  readonly #reading = new SharedWork<LaptopView>();
  #threads: number | undefined;

  /** The disk that models are kept on is the one that matters. */
  constructor(folder: Pick<ModelsFolder, 'current'>, start?: StartWorker) {
    this.#folder = folder;
    this.#start = start;
  }

  /** Whoever asks while it is being looked at gets the same answer. */
  async read(): Promise<LaptopView> {
    const folder = this.#folder.current;
    return this.#reading.run(folder, () => this.#read(folder));
  }

  /** That computing uses: a machine keeps its cores, so that what was read once is not waited for again. */
  async threads(): Promise<number> {
    return this.#threads ?? (await this.read()).threads;
  }

  async #read(modelsFolder: string): Promise<LaptopView> {
    await using worker = startCompressWorker(this.#start);
    const { laptop, limits, budget, threads, computeDevices } = await worker.profile({
      modelsFolder,
      probe: false,
    });
    this.#threads = threads;
    return { laptop, limits, budget, threads, computeDevices };
  }
}
