import type { LaptopService, LaptopView } from '../contract/laptop.ts';
import { WorkerProcess, type StartWorker } from '../engine/worker-process.ts';
import { modelsFolder } from '../luq/workspace.ts';
import type { ProfileReport, ProfileRequest } from '../profile/report.ts';

/** This machine, looked at by a process of its own: asking the CPU loads the engine. */
export class LaptopReader implements LaptopService {
  readonly #home: string;
  readonly #entry: string;
  readonly #start: StartWorker | undefined;

  constructor(home: string, entry: string, start?: StartWorker) {
    this.#home = home;
    this.#entry = entry;
    this.#start = start;
  }

  async read(): Promise<LaptopView> {
    await using worker = new WorkerProcess(this.#entry, this.#start);
    const request: ProfileRequest = { modelsFolder: modelsFolder(this.#home), probe: false };
    const { laptop, budget, threads } = await worker.call<ProfileReport>('profile', request);
    return { laptop, budget, threads };
  }
}
