import type {
  ChatEvent,
  ChatHistory,
  OpenChatRequest,
  OpenedChat,
  SendRequest,
  SentAnswer,
} from '../contract/chat.ts';
import { isCancelled } from '../contract/errors.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { WorkerProcess } from '../engine/worker-process.ts';

/** The chat process and the model it holds; started when first needed, started again after it died. */
export class LoadedModel implements AsyncDisposable {
  readonly #entry: string;
  readonly #start: StartWorker | undefined;
  #worker: WorkerProcess | undefined;
  #opened: { key: string; chat: Promise<OpenedChat> } | undefined;
  /** which conversation, up to which message, the process remembers */
  #remembered: string | undefined;

  constructor(entry: string, start?: StartWorker) {
    this.#entry = entry;
    this.#start = start;
  }

  /** Loads a model unless it is the one loaded, with the same settings. */
  async open(
    request: OpenChatRequest,
    onEvent?: (event: ChatEvent) => void,
    signal?: AbortSignal,
  ): Promise<OpenedChat> {
    const key = JSON.stringify(request);
    if (this.#opened?.key === key) return this.#opened.chat;
    // a process of its own for each model: what a native library leaked or kept goes with it
    await this.close();
    const worker = new WorkerProcess(this.#entry, this.#start);
    this.#worker = worker;
    const chat = worker.call<OpenedChat>('open', request, { signal, onEvent });
    this.#opened = { key, chat };
    try {
      return await chat;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Makes the process remember a conversation; `key` names its state, so that an unchanged one is not sent again. */
  async remember(key: string, history: () => ChatHistory): Promise<void> {
    if (this.#remembered === key) return;
    this.#remembered = undefined;
    await this.#call('restore', history());
    this.#remembered = key;
  }

  /** Sends a question; afterwards the process remembers the state called `nextKey`. */
  async send(
    request: SendRequest,
    nextKey: string,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer> {
    this.#remembered = undefined;
    const answer = await this.#call<SentAnswer>('send', request, options);
    this.#remembered = nextKey;
    return answer;
  }

  async pictureTokens(path: string): Promise<number> {
    return (await this.#call<{ tokens: number }>('pictureTokens', path)).tokens;
  }

  async #call<Result>(
    method: string,
    argument: unknown,
    options: { signal?: AbortSignal; onEvent?: (event: ChatEvent) => void } = {},
  ): Promise<Result> {
    const worker = this.#worker;
    if (!worker) throw new TypeError('no model is open');
    try {
      return await worker.call<Result>(method, argument, options);
    } catch (error) {
      // whatever went wrong, what the process remembers is no longer known; a dead one is started again by the next open
      this.#remembered = undefined;
      if (!isCancelled(error) && (error as { code?: string }).code === 'WORKER_DIED') await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#opened = undefined;
    this.#remembered = undefined;
    await worker?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
