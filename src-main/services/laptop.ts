import type { LaptopService, LaptopView } from '../contract/laptop.ts';
import { WorkerProcess, type StartWorker } from '../engine/worker-process.ts';
import type { ProfileReport, ProfileRequest } from '../profile/report.ts';

/** This machine, looked at by a process of its own: asking the CPU loads the engine. */
export class LaptopReader implements LaptopService {
  readonly #folder: () => string;
  readonly #entry: string;
  readonly #start: StartWorker | undefined;

  /** `folder` tells where models are kept: its disk is the one that matters. */
  constructor(folder: () => string, entry: string, start?: StartWorker) {
    this.#folder = folder;
    this.#entry = entry;
    this.#start = start;
  }

  async read(): Promise<LaptopView> {
    await using worker = new WorkerProcess(this.#entry, this.#start);
    const request: ProfileRequest = { modelsFolder: this.#folder(), probe: false };
    const { laptop, budget, threads, computeDevices } = await worker.call<ProfileReport>('profile', request);
    return { laptop, budget, threads, computeDevices };
  }
}
