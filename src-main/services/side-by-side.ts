import type { ChatService, SideBySideAnswer, SideBySideState } from '../contract/conversation.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import type { PictureRepository } from '../store/pictures.ts';
import type { Activity } from './activity.ts';
import { SideBySideRun } from './side-by-side-run.ts';
import type { EventBus } from './event-bus.ts';
import type { Library } from './library.ts';
import type { LoadedModel, ModelInUse } from './loaded-model.ts';
import type { ModelRequests } from './model-requests.ts';
import type { PictureCounter } from './picture-counter.ts';
import type { StoredSettings } from './settings.ts';

interface Parts {
  readonly model: LoadedModel;
  readonly requests: ModelRequests;
  readonly costs: Pick<PictureCounter, 'giveWay'>;
  readonly library: Pick<Library, 'usable'>;
  readonly pictures: PictureRepository;
  readonly settings: StoredSettings;
  readonly activity: Activity;
  readonly events: EventBus;
  readonly start: StartWorker | undefined;
}

/** Asks two models the same; one question at a time, the last one kept to be looked at. */
export class SideBySide {
  readonly #parts: Parts;
  #running: { readonly run: SideBySideRun; readonly ended: Promise<unknown> } | undefined;
  /** running or not */
  #last: SideBySideRun | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get state(): SideBySideState | null {
    return this.#last?.state ?? null;
  }

  /** Asks the models, without any other in memory. */
  async ask(
    { modelIds, text, pictures: hashes }: Parameters<ChatService['askSideBySide']>[0],
    threads: number,
  ): Promise<readonly SideBySideAnswer[]> {
    const { model, requests, costs, library, pictures, settings, activity, events, start } = this.#parts;
    const models = modelIds.map((id) => library.usable(id));
    const question = {
      text,
      files: hashes.map((hash) => pictures.path(hash)),
      pictures: hashes.map((hash) => pictures.get(hash)),
      threads,
      settings: settings.current,
      isLoadedAnyway: (id: string) => requests.isLoadedAnyway(id),
    };
    const run = new SideBySideRun(models, question, (told) => events.emit('chat.sideBySide', told));
    costs.giveWay();
    const use = activity.use('sideBySide', ...models.map(({ path }) => path));
    const alone = async (inUse: ModelInUse) => {
      // two models side by side need no third in memory
      await inUse.unload();
      return run.run(start);
    };
    const ended = model.use(alone).finally(() => {
      this.#running = undefined;
      use[Symbol.dispose]();
      run.end();
    });
    this.#running = { run, ended: ended.catch(() => undefined) };
    this.#last = run;
    events.emit('chat.sideBySide', run.state);
    return ended;
  }

  /** Ends when the one that runs has ended. */
  async stop(): Promise<void> {
    this.#running?.run.stop();
    await this.#running?.ended;
  }
}
