import type { ApiEvent } from '../../../src-main/contract/api.ts';
import type { AppInfo } from '../../../src-main/contract/app.ts';
import type { LoadedModelView } from '../../../src-main/contract/conversation.ts';
import type { Download } from '../../../src-main/contract/downloads.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import type { LaptopView } from '../../../src-main/contract/laptop.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../../src-main/contract/settings.ts';
import type { Bridge } from '../../bridge/bridge.ts';
import { Commands } from './commands.svelte.ts';
import { isUnnamed } from '../../text/conversation-title.ts';
import { DownloadList } from './downloads.svelte.ts';
import { Jobs } from './jobs.svelte.ts';
import { browserAddressBar, Router, type AddressBar, type Page, type Route } from './router.svelte.ts';
import { Toasts } from './toasts.svelte.ts';

/**
 * What every page shares: settings, models, this laptop, the address, messages and commands. Owned by App.svelte; pages get
 * it as the prop `app` and keep what is theirs in a state class of their own.
 */
export class AppState {
  readonly bridge: Bridge;
  readonly toasts = new Toasts();
  readonly commands = new Commands();
  readonly jobs: Jobs;
  readonly downloads: DownloadList;
  readonly #router: Router;
  readonly #stops: (() => void)[] = [];

  /** false until the first answers are there; pages then show their loading state */
  ready: boolean = $state(false);
  /** why the first answers did not come */
  failure: ErrorData | null = $state.raw(null);
  connection: Bridge['connection']['state'] = $state('connecting');
  info: AppInfo | null = $state.raw(null);
  settings: Settings = $state.raw(DEFAULT_SETTINGS);
  models: readonly ModelEntry[] = $state.raw([]);
  laptop: LaptopView | null = $state.raw(null);
  laptopFailure: ErrorData | null = $state.raw(null);
  /** settles once the laptop was looked at, whether that went well or not */
  laptopKnown: Promise<void> = Promise.resolve();
  /** the model that its page of models is to find a vision file for */
  visionWanted: string | null = $state(null);
  /** the model in memory */
  loaded: LoadedModelView | null = $state.raw(null);
  /** lines above the page that stay until they are closed */
  notices: readonly string[] = $state.raw([]);

  constructor(bridge: Bridge, address: AddressBar = browserAddressBar()) {
    this.bridge = bridge;
    this.connection = bridge.connection.state;
    this.#router = new Router(address);
    this.jobs = new Jobs(bridge, (job) => this.#fitted(job));
    this.downloads = new DownloadList(bridge, (download) => this.#downloaded(download));
    this.#stops.push(
      () => this.#router.close(),
      bridge.listen((event) => this.#hear(event)),
      bridge.onConnection((state) => this.#connected(state)),
    );
  }

  get route(): Route {
    return this.#router.route;
  }

  /** Models that can answer: any but a broken one. */
  get usableModels(): readonly ModelEntry[] {
    return this.models.filter((model) => model.problem === null);
  }

  modelById(id: string | null): ModelEntry | null {
    return this.models.find((model) => model.id === id) ?? null;
  }

  /** Reads what every page needs; again after the connection was lost. */
  async load(): Promise<void> {
    try {
      const { app, settings, library } = this.bridge.api;
      // takes longest, for a process is started that asks the CPU; only the page for fitting waits for it
      this.laptopKnown = this.#readLaptop();
      void this.#readLoaded();
      // settings, models and jobs each as they come: an event that arrives meanwhile is newer than the reply before it
      const [info] = await Promise.all([
        app.info({}),
        settings.get({}).then((kept) => (this.settings = kept)),
        library.list({}).then((models) => (this.models = models)),
        this.jobs.load(),
        this.downloads.load(),
      ]);
      if (this.info === null) this.notices = info.notices;
      this.info = info;
      this.failure = null;
      this.ready = true;
    } catch (error) {
      this.failure = toErrorData(error);
    }
  }

  async #readLaptop(): Promise<void> {
    this.laptopFailure = null;
    try {
      this.laptop = await this.bridge.api.laptop.read({});
    } catch (error) {
      this.laptopFailure = toErrorData(error);
    }
  }

  /** The folder of the models is another one after a move, in every window. */
  async #readInfo(): Promise<void> {
    try {
      this.info = await this.bridge.api.app.info({});
    } catch {
      // the banner of the lost connection says it already, and coming back reads it again
    }
  }

  /** RAM and disk as they are now; an answer that does not come leaves the last one. */
  async refreshLaptop(): Promise<void> {
    try {
      this.laptop = await this.bridge.api.laptop.read({});
    } catch {
      // the banner of the lost connection says it already
    }
  }

  navigate(page: Page, id: string | null = null): void {
    this.#router.navigate(page, id);
  }

  /** Opens the page of models, which finds a model's vision file or asks for it. */
  findMmproj(modelId: string): void {
    this.visionWanted = modelId;
    this.navigate('models');
  }

  /** Counts new chats, also one that is shown already: the focus goes where one writes. */
  newChats: number = $state(0);

  /** Opens an empty conversation, the one there is if it was left empty and without a name. */
  async newChat(modelId?: string): Promise<void> {
    await this.attempt(async () => {
      const { conversations } = this.bridge.api;
      const empty = (await conversations.list({})).find((one) => one.messages === 0 && isUnnamed(one));
      if (empty === undefined) {
        const created = await conversations.create(modelId === undefined ? {} : { modelId });
        this.navigate('chat', created.id);
      } else {
        if (modelId !== undefined) await conversations.setModel({ id: empty.id, modelId });
        this.navigate('chat', empty.id);
      }
      this.newChats++;
    });
  }

  async changeSettings(change: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.settings = { ...before, ...change };
    await this.attempt(
      async () => {
        this.settings = await this.bridge.api.settings.set(change);
      },
      () => {
        this.settings = before;
      },
    );
  }

  /** Takes the model out of memory; it loads again when it is asked. */
  async unload(): Promise<void> {
    await this.attempt(() => this.bridge.api.chat.unload({}));
  }

  async #readLoaded(): Promise<void> {
    try {
      this.loaded = await this.bridge.api.chat.loaded({});
    } catch {
      // the next event tells
    }
  }

  closeNotice(text: string): void {
    this.notices = this.notices.filter((notice) => notice !== text);
  }

  /** Does something a person asked for; what goes wrong is told in a toast. True when it went well. */
  async attempt(action: () => Promise<void>, undo?: () => void): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      undo?.();
      const data = toErrorData(error);
      if (data.code !== 'CANCELLED') this.toasts.showError(data);
      return false;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(event: ApiEvent): void {
    if (event.name === 'library.changed') this.models = event.data;
    if (event.name === 'library.merged')
      this.toasts.show({
        text: `${event.data.kept.name} was here twice in the same file, and is one model now`,
      });
    if (event.name === 'settings.changed') this.settings = event.data;
    if (event.name === 'chat.loaded') this.loaded = event.data;
    if (event.name === 'fits.changed') this.jobs.take(event.data);
    if (event.name === 'downloads.changed') this.downloads.take(event.data);
    if (event.name === 'folder.moving' && event.data === null) void this.#readInfo();
  }

  /** Says so where the person is not looking at it already. */
  #fitted(job: FitJob): void {
    if (this.route.page === 'fit') return;
    this.jobs.unseen = job;
    if (job.state === 'failed') {
      const action = { label: 'See why', run: () => this.navigate('fit', job.modelId) };
      this.toasts.show({ text: `Fitting ${job.modelName} failed`, tone: 'bad', action });
      return;
    }
    const { outputId } = job;
    const action =
      outputId === null ? undefined : { label: 'Chat with it', run: () => this.newChat(outputId) };
    this.toasts.show({ text: `${job.modelName} is ready`, tone: 'good', action });
  }

  /** Says so where the person is not looking at it already. */
  #downloaded({ name, state, modelId }: Download): void {
    if (this.route.page === 'models') return;
    if (state === 'failed') {
      const action = { label: 'See why', run: () => this.navigate('models') };
      this.toasts.show({ text: `The download of ${name} stopped`, tone: 'bad', action });
      return;
    }
    const action =
      modelId === null ? undefined : { label: 'Fit it', run: () => this.navigate('fit', modelId) };
    this.toasts.show({ text: `${name} was downloaded`, tone: 'good', action });
  }

  #connected(state: Bridge['connection']['state']): void {
    const back = this.connection === 'lost' && state === 'open';
    this.connection = state;
    if (back) void this.load();
  }
}
