import type { StartWorker, WorkerPort } from './worker-port.ts';

/** Starts workers and knows those that run, so that none outlives whoever started it. */
export class RunningWorkers {
  readonly start: StartWorker;
  readonly #running = new Set<WorkerPort>();

  constructor(start: StartWorker) {
    this.start = (entry, contract) => {
      const port = start(entry, contract);
      this.#running.add(port);
      port.onExit(() => this.#running.delete(port));
      return port;
    };
  }

  kill(): void {
    for (const port of this.#running) port.kill();
  }
}
