import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CancelledError, SnugError, throwIfCancelled } from '../contract/errors.ts';
import type { Turn } from './turns.ts';

export interface TemplateData {
  readonly source: string;
  readonly mostCharacters: number;
}

/** A conversation, and what else a template reads. */
export interface ToRender {
  readonly turns: readonly Turn[];
  readonly mediaMarker: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export type Rendered =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'too long' };

/** More text than a context of a million tokens holds. */
const MOST_CHARACTERS = 8 * 2 ** 20;
/** A template of a real model takes milliseconds, and the first one the start of a thread. */
const RENDER_MILLISECONDS = 10_000;
const HEAP_MEBIBYTES = 256;

const entry = join(import.meta.dirname, `template-thread${extname(import.meta.filename)}`);

/** Renders a template in a thread of its own, which is ended when it takes too long, too much memory, or is no longer wanted. */
export class TemplateRunner implements Disposable {
  readonly #source: string;
  readonly #milliseconds: number;
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(source: string, milliseconds = RENDER_MILLISECONDS) {
    this.#source = source;
    this.#milliseconds = milliseconds;
  }

  /** Throws UNSUPPORTED_MODEL with what the template does that it should not. */
  render(asked: ToRender, signal?: AbortSignal): Promise<string> {
    const rendered = this.#last.then(() => this.#render(asked, signal));
    this.#last = rendered.catch(() => undefined);
    return rendered;
  }

  async #render(asked: ToRender, signal: AbortSignal | undefined): Promise<string> {
    throwIfCancelled(signal);
    const thread = (this.#thread ??= this.#start());
    try {
      return textOf(await this.#ask(thread, asked, signal));
    } catch (error) {
      if (error instanceof Refusal) throw refused(error.message);
      this.#thread = undefined;
      await thread.terminate();
      throw error;
    }
  }

  #start(): Worker {
    const data: TemplateData = { source: this.#source, mostCharacters: MOST_CHARACTERS };
    const thread = new Worker(entry, {
      workerData: data,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
    });
    // who waits for it hears of an error; one that nobody waits for must not end the process
    return thread.on('error', () => undefined);
  }

  async #ask(thread: Worker, asked: ToRender, signal: AbortSignal | undefined): Promise<Rendered> {
    const { promise, resolve, reject } = Promise.withResolvers<Rendered>();
    const timer = setTimeout(() => reject(refused('it does not come to an end')), this.#milliseconds);
    const cancel = () => reject(new CancelledError());
    const broken = (error: NodeJS.ErrnoException) =>
      reject(refused(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory' : error.message));
    signal?.addEventListener('abort', cancel, { once: true });
    thread.once('message', resolve);
    thread.once('error', broken);
    // alive while it is waited for, and no longer
    thread.ref();
    try {
      thread.postMessage(asked);
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      thread.off('message', resolve);
      thread.off('error', broken);
      thread.unref();
    }
  }

  [Symbol.dispose](): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}

/** What a template says by itself; its thread goes on. */
class Refusal extends Error {}

function textOf(rendered: Rendered): string {
  if (rendered.kind === 'text') return rendered.text;
  throw new Refusal(
    rendered.kind === 'refused' ? rendered.reason : 'it writes more text than any context holds',
  );
}

function refused(reason: string): SnugError {
  return new SnugError(
    'UNSUPPORTED_MODEL',
    `the model's chat template refuses this conversation: ${reason}`,
    {
      advice: 'Choose another model, or start a new conversation: the template is part of the model file.',
    },
  );
}
