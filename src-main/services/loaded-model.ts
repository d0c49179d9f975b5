import type {
  ChatEvent,
  ChatHistory,
  OpenChatRequest,
  OpenedChat,
  PicturePlan,
  PictureQuestion,
  SendRequest,
  SentAnswer,
} from '../contract/chat.ts';
import { CancelledError, SnugError } from '../contract/errors.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { WorkerProcess } from '../engine/worker-process.ts';
import { stampOfFile } from './described-models.ts';
import { Turns } from './turns.ts';

/** What can be asked of the model by whoever has it for the moment. */
export interface ModelInUse {
  /** Loads a model unless it is the one loaded, with the same settings and unchanged files. */
  open(
    request: OpenChatRequest,
    options?: { signal?: AbortSignal; onEvent?: (event: ChatEvent) => void },
  ): Promise<OpenedChat>;
  /** Makes the process remember a conversation; `key` names its state, so that an unchanged one is not sent again. */
  remember(key: string, history: () => ChatHistory): Promise<void>;
  /** Sends a question; afterwards the process remembers the state called `nextKey`. */
  send(
    request: SendRequest,
    nextKey: string,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer>;
  /** Tokens of a question's pictures, scaled to the room beside the conversation that the process remembers. */
  plan(question: PictureQuestion): Promise<PicturePlan>;
  unload(): Promise<void>;
}

/**
 * The one model in memory and the process that holds it, started when first needed and started again after it died. All that is done
 * with it is done in turn: whoever has it finds it as they left it until they have done.
 */
export class LoadedModel implements AsyncDisposable {
  readonly #turns = new Turns();
  readonly #holder: Holder;
  #closed = false;

  constructor(entry: string, start?: StartWorker) {
    this.#holder = new Holder(entry, start);
  }

  /** Runs a task once nobody else uses the model. One whose signal is aborted before its turn is cancelled. */
  use<T>(task: (model: ModelInUse) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#turns.take(() => {
      if (this.#closed) throw new CancelledError();
      return task(this.#holder);
    }, signal);
  }

  /** Unloads it once nobody uses it any more; whoever still waits for it is cancelled. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.take(() => this.#holder.unload());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class Holder implements ModelInUse {
  readonly #entry: string;
  readonly #start: StartWorker | undefined;
  #worker: WorkerProcess | undefined;
  #opened: { readonly key: string; readonly chat: OpenedChat } | undefined;
  /** which conversation, up to which message, the process remembers */
  #remembered: string | undefined;

  constructor(entry: string, start: StartWorker | undefined) {
    this.#entry = entry;
    this.#start = start;
  }

  async open(
    request: OpenChatRequest,
    options: { signal?: AbortSignal; onEvent?: (event: ChatEvent) => void } = {},
  ): Promise<OpenedChat> {
    // a fit may have put another model in the place of this one
    const key = JSON.stringify([
      request,
      stampOfFile(request.modelPath),
      stampOfFile(request.mmprojPath ?? null),
    ]);
    if (this.#opened?.key === key && !this.#worker?.isOver) return this.#opened.chat;
    // a process of its own for each model: what a native library leaked or kept goes with it
    await this.unload();
    this.#worker = new WorkerProcess(this.#entry, this.#start);
    try {
      const chat = await this.#worker.call<OpenedChat>('open', request, options);
      this.#opened = { key, chat };
      return chat;
    } catch (error) {
      await this.unload();
      throw error;
    }
  }

  async remember(key: string, history: () => ChatHistory): Promise<void> {
    if (this.#remembered === key) return;
    await this.#call('restore', history());
    this.#remembered = key;
  }

  async send(
    request: SendRequest,
    nextKey: string,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer> {
    const answer = await this.#call<SentAnswer>('send', request, options);
    this.#remembered = nextKey;
    return answer;
  }

  async plan(question: PictureQuestion): Promise<PicturePlan> {
    const remembered = this.#remembered;
    try {
      return await this.#call<PicturePlan>('plan', question);
    } finally {
      // planning changes nothing, unless the process died of it
      if (this.#worker) this.#remembered = remembered;
    }
  }

  async #call<Result>(
    method: string,
    argument: unknown,
    options: { signal?: AbortSignal; onEvent?: (event: ChatEvent) => void } = {},
  ): Promise<Result> {
    const worker = this.#worker;
    if (!worker) throw new SnugError('BUG', 'no model is open');
    // unless all goes well, what the process remembers is not known
    this.#remembered = undefined;
    try {
      return await worker.call<Result>(method, argument, options);
    } catch (error) {
      if (worker.isOver) await this.unload();
      throw error;
    }
  }

  async unload(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#opened = undefined;
    this.#remembered = undefined;
    await worker?.close();
  }
}
