import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, removeDurably, writeFileAtomically } from '../files/durable-files.ts';
import { readKept } from '../files/json-file.ts';
import { workFolder } from '../home.ts';

const arrivalSchema = z.strictObject({ path: z.string(), mmprojPath: z.string().optional() });
/** A model that came to lie here while another Snug had the store. */
export type Arrival = z.infer<typeof arrivalSchema>;

function folderOf(home: string): string {
  return join(workFolder(home), 'arrivals');
}

/** Leaves word of a model for the Snug that has the store, now or later. */
export function announce(home: string, arrival: Arrival): void {
  writeFileAtomically(join(folderOf(home), `${randomUUID()}.json`), JSON.stringify(arrival));
}

/** Takes models into the library that a terminal downloaded while a window had the store; also those that came before it was opened. */
export class Arrivals implements Disposable {
  readonly #folder: string;
  readonly #take: (arrival: Arrival) => void;
  readonly #watcher: FSWatcher | undefined;

  constructor(home: string, take: (arrival: Arrival) => void) {
    this.#folder = folderOf(home);
    this.#take = take;
    this.#watcher = this.#watch();
    this.#takeAll();
  }

  /** Undefined where the system watches no folder: then a model is found at the next start. */
  #watch(): FSWatcher | undefined {
    try {
      makeFolder(this.#folder);
      const watcher = watch(this.#folder, { persistent: false }, () => this.#takeAll());
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }

  #takeAll(): void {
    if (!existsSync(this.#folder)) return;
    for (const name of readdirSync(this.#folder).filter((one) => one.endsWith('.json'))) {
      try {
        const arrival = readKept(join(this.#folder, name), arrivalSchema);
        // one that has gone again meanwhile is nobody's
        if (arrival && existsSync(arrival.path)) this.#take(arrival);
        removeDurably(join(this.#folder, name));
      } catch {
        // a full disk: it is taken at the next start
      }
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }
}
