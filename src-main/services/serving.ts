import { basename, extname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { DEFAULT_SERVING_PORT, type ServingService, type ServingState } from '../contract/serving.ts';
import type { Activity } from './activity.ts';
import type { EventBus } from './event-bus.ts';
import type { Library } from './library.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { ModelRequests } from './model-requests.ts';
import type { PictureProcess } from './picture-process.ts';
import { ServedModel } from './served-model.ts';
import type { StoredSettings } from './settings.ts';
import { TaskQueue } from './task-queue.ts';

/** A server that answers for a model. */
export interface RunningEndpoint {
  readonly address: string;
  readonly key: string;
  /** Ends what it answers. */
  close(): Promise<void>;
}

/** Opens such a server on this machine; what it speaks is the door's. */
export type OpenEndpoint = (model: ServedModel, options: { port: number }) => Promise<RunningEndpoint>;

interface Parts {
  readonly open: OpenEndpoint | undefined;
  readonly model: LoadedModel;
  readonly requests: ModelRequests;
  readonly pictures: Pick<PictureProcess, 'prepare'>;
  readonly library: Pick<Library, 'usable'>;
  readonly settings: StoredSettings;
  readonly activity: Activity;
  readonly events: EventBus;
}

/** Lets other programs of this machine ask the model in memory. Off whenever Snug starts. */
export class Serving implements ServingService {
  readonly #parts: Parts;
  readonly #queue = new TaskQueue();
  #served:
    { readonly endpoint: RunningEndpoint; readonly model: ServedModel; readonly modelId: string } | undefined;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get #state(): ServingState | null {
    if (!this.#served) return null;
    const { endpoint, model, modelId } = this.#served;
    return { address: endpoint.address, key: endpoint.key, modelName: model.name, modelId, ...model.load };
  }

  async state(): Promise<ServingState | null> {
    return this.#state;
  }

  async start({
    modelId,
    port = DEFAULT_SERVING_PORT,
  }: {
    modelId: string;
    port?: number | undefined;
  }): Promise<ServingState> {
    return this.#queue.run(async () => {
      const { open } = this.#parts;
      if (!open || this.#closed)
        throw new SnugError('BUSY', 'nothing can be served now', { advice: 'Start Snug again.' });
      const model = this.#modelOf(modelId);
      await this.#end();
      const endpoint = await open(model, { port });
      this.#served = { endpoint, model, modelId };
      this.#tell();
      return this.#state ?? Promise.reject(new SnugError('BUG', 'nothing is served'));
    });
  }

  #modelOf(modelId: string): ServedModel {
    const { model, requests, pictures, library, settings, activity } = this.#parts;
    const { path } = library.usable(modelId);
    const name = basename(path, extname(path));
    return new ServedModel(name, {
      ...{ model, pictures },
      opening: () => requests.opening(modelId),
      temperature: () => settings.current.temperature,
      changed: () => this.#tell(),
      use: (modelPath) => activity.use('serving', modelPath),
    });
  }

  async stop(): Promise<void> {
    await this.#queue.run(() => this.#end());
  }

  async #end(): Promise<void> {
    const served = this.#served;
    if (!served) return;
    this.#served = undefined;
    await served.endpoint.close();
    this.#tell();
  }

  #tell(): void {
    if (!this.#closed) this.#parts.events.emit('serving.changed', this.#state);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.stop();
  }
}
