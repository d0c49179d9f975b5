import type {
  ChatEvent,
  ChatHistory,
  OpenChatRequest,
  OpenedChat,
  PictureScaling,
  PictureQuestion,
  SendRequest,
  SentAnswer,
} from '../contract/chat.ts';
import type { ChatWorker } from '../contract/workers/chat.ts';
import type { LoadedModelView } from '../contract/conversation.ts';
import { CancelledError, SnugError } from '../contract/errors.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { LOAD_GRACE_MILLISECONDS, startChatWorker } from '../engine/workers.ts';
import { stampOfFile, stampOfModel } from './described-models.ts';
import { TaskQueue } from './task-queue.ts';

/** A model that nobody has used for so long is taken out of memory: other programs want it, and it loads again when it is asked. */
const IDLE_MILLISECONDS = 15 * 60_000;

type NextKey = string | ((answer: SentAnswer) => string);

/** What can be asked of the model by whoever has it for the moment. */
export interface ModelInUse {
  /** Loads a model unless it is the one loaded, with the same settings and unchanged files. */
  open(
    request: OpenChatRequest,
    options?: { signal?: AbortSignal; onEvent?: (event: ChatEvent) => void },
  ): Promise<OpenedChat>;
  /** Opens a model without its weights, unless it is the one loaded: enough for what pictures cost. */
  openToCount(request: OpenChatRequest, options: { signal: AbortSignal }): Promise<OpenedChat>;
  /**
   * Makes the process of the model opened last, whether to count or to answer, remember a conversation; `key` names its state, so that an
   * unchanged one is not sent again.
   */
  remember(key: string, history: () => ChatHistory | Promise<ChatHistory>): Promise<void>;
  /** Sends a question; afterwards the process remembers the state called `nextKey`, which the answer may be part of. */
  send(
    request: SendRequest,
    nextKey: NextKey,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer>;
  /** Tokens of a question's pictures, scaled to the room beside the conversation that the process remembers. */
  scalePictures(question: PictureQuestion): Promise<PictureScaling>;
  unload(): Promise<void>;
}

/**
 * The one model in memory and the process that holds it, started when first needed and started again after it died. All that is done
 * with it is done in turn: whoever has it finds it as they left it until they have done.
 */
export class LoadedModel implements AsyncDisposable {
  readonly #queue = new TaskQueue();
  readonly #holder: Holder;
  readonly #idleMilliseconds: number;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /** `changed` hears what is in memory now, and null when nothing is. */
  constructor(
    start?: StartWorker,
    changed: (loaded: LoadedModelView | null) => void = () => undefined,
    idleMilliseconds = IDLE_MILLISECONDS,
  ) {
    this.#holder = new Holder(start, changed);
    this.#idleMilliseconds = idleMilliseconds;
  }

  /** What is in memory now. */
  get loaded(): LoadedModelView | null {
    return this.#holder.loaded;
  }

  /** Runs a task once nobody else uses the model. One whose signal is aborted before its turn is cancelled. */
  async use<T>(task: (model: ModelInUse) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#queue.run(async () => {
      if (this.#closed) throw new CancelledError();
      clearTimeout(this.#idle);
      try {
        return await task(this.#holder);
      } finally {
        this.#unloadLater();
      }
    }, signal);
  }

  #unloadLater(): void {
    if (this.#closed || !this.#holder.isOpen) return;
    const unload = () => this.use((model) => model.unload()).catch(() => undefined);
    this.#idle = setTimeout(() => void unload(), this.#idleMilliseconds).unref();
  }

  /** Unloads it once nobody uses it any more; whoever still waits for it is cancelled. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#queue.run(() => this.#holder.unload());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A process with a model in it, with its weights or without. */
class ModelProcess {
  readonly key: string;
  readonly chat: OpenedChat;
  readonly #worker: ChatWorker;
  /** which conversation, up to which message, the process remembers */
  #remembered: string | undefined;

  constructor(worker: ChatWorker, key: string, chat: OpenedChat) {
    this.#worker = worker;
    this.key = key;
    this.chat = chat;
  }

  get isOver(): boolean {
    return this.#worker.isOver;
  }

  async remember(key: string, history: () => ChatHistory | Promise<ChatHistory>): Promise<void> {
    if (this.#remembered === key) return;
    await this.#forgetting(async (worker) => worker.restore(await history()));
    this.#remembered = key;
  }

  async send(
    request: SendRequest,
    nextKey: NextKey,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer> {
    const answer = await this.#forgetting((worker) => worker.send(request, options));
    this.#remembered = typeof nextKey === 'string' ? nextKey : nextKey(answer);
    return answer;
  }

  async scalePictures(question: PictureQuestion): Promise<PictureScaling> {
    const remembered = this.#remembered;
    try {
      return await this.#forgetting((worker) => worker.scalePictures(question));
    } finally {
      // planning changes nothing
      this.#remembered = remembered;
    }
  }

  async #forgetting<Result>(task: (worker: ChatWorker) => Promise<Result>): Promise<Result> {
    // unless all goes well, what the process remembers is not known
    this.#remembered = undefined;
    return task(this.#worker);
  }

  async close(): Promise<void> {
    return this.#worker.close();
  }
}

const loadGrace = () => LOAD_GRACE_MILLISECONDS;

class Holder implements ModelInUse {
  readonly #start: StartWorker | undefined;
  readonly #changed: (loaded: LoadedModelView | null) => void;
  #model: ModelProcess | undefined;
  /** a model without its weights, while another one or none has its weights in memory */
  #counter: ModelProcess | undefined;
  loaded: LoadedModelView | null = null;

  constructor(start: StartWorker | undefined, changed: (loaded: LoadedModelView | null) => void) {
    this.#start = start;
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#model !== undefined || this.#counter !== undefined;
  }

  async open(
    request: OpenChatRequest,
    options: { signal?: AbortSignal; onEvent?: (event: ChatEvent) => void } = {},
  ): Promise<OpenedChat> {
    const key = keyOf(request);
    await this.#endCounter();
    if (this.#model?.key === key && !this.#model.isOver) return this.#model.chat;
    // a process of its own for each model: what a native library leaked or kept goes with it
    await this.unload();
    this.#model = await this.#started(key, (worker) =>
      worker.open(request, { ...options, grace: loadGrace }),
    );
    const { chat } = this.#model;
    this.#tell({ path: request.modelPath, memoryBytes: chat.memoryBytes });
    return chat;
  }

  async openToCount(request: OpenChatRequest, { signal }: { signal: AbortSignal }): Promise<OpenedChat> {
    const key = keyOf(request);
    const isAsked = (one: ModelProcess | undefined) => one?.key === key && !one.isOver;
    if (isAsked(this.#model)) await this.#endCounter();
    else if (!isAsked(this.#counter)) {
      await this.#endCounter();
      this.#counter = await this.#started(key, (worker) =>
        worker.openToCount(request, { signal, grace: loadGrace }),
      );
    }
    return this.#openedLast().chat;
  }

  async #started(key: string, open: (worker: ChatWorker) => Promise<OpenedChat>): Promise<ModelProcess> {
    const worker = startChatWorker(this.#start);
    try {
      return new ModelProcess(worker, key, await open(worker));
    } catch (error) {
      await worker.close();
      throw error;
    }
  }

  #openedLast(): ModelProcess {
    const last = this.#counter ?? this.#model;
    if (!last) throw new SnugError('BUG', 'no model is open');
    return last;
  }

  async remember(key: string, history: () => ChatHistory | Promise<ChatHistory>): Promise<void> {
    return this.#withLast((last) => last.remember(key, history));
  }

  async send(
    request: SendRequest,
    nextKey: NextKey,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer> {
    return this.#withLast((last) => last.send(request, nextKey, options));
  }

  async scalePictures(question: PictureQuestion): Promise<PictureScaling> {
    return this.#withLast((last) => last.scalePictures(question));
  }

  async #withLast<Result>(task: (last: ModelProcess) => Promise<Result>): Promise<Result> {
    const last = this.#openedLast();
    try {
      return await task(last);
    } catch (error) {
      if (last.isOver) await (last === this.#counter ? this.#endCounter() : this.unload());
      throw error;
    }
  }

  async #endCounter(): Promise<void> {
    const counter = this.#counter;
    this.#counter = undefined;
    await counter?.close();
  }

  async unload(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await Promise.all([model?.close(), this.#endCounter()]);
    this.#tell(null);
  }

  #tell(loaded: LoadedModelView | null): void {
    if (loaded === this.loaded) return;
    this.loaded = loaded;
    this.#changed(loaded);
  }
}

/** Changes with the request, and when a fit has put another model in the place of this one. */
function keyOf(request: OpenChatRequest): string {
  return JSON.stringify([request, stampOfModel(request.modelPath), stampOfFile(request.mmprojPath ?? null)]);
}
