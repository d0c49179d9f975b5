import type { Message } from '../contract/conversation.ts';
import type { Activity } from './activity.ts';

interface Begun {
  readonly conversationId: string;
  readonly modelPath: string;
  /** messages that have no place in the store before the answer's first word */
  readonly unkept: () => readonly Message[];
  readonly abort: AbortController;
}

/** The answer that is being written. There is one at a time: there is one model in memory. */
export class CurrentAnswer {
  readonly #activity: Activity;
  #running: (Begun & { readonly ended: Promise<void> }) | undefined;

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** The conversation that it belongs to. */
  get conversationId(): string | undefined {
    return this.#running?.conversationId;
  }

  /** Lets an answer come until `come` has ended; `over` runs when the next one may begin. */
  begin(begun: Begun, come: () => Promise<void>, over: () => void): void {
    const use = this.#activity.use('answer', begun.modelPath);
    const ended = come().finally(() => {
      this.#running = undefined;
      use[Symbol.dispose]();
      over();
    });
    this.#running = { ...begun, ended };
  }

  /** Messages of a conversation that have no place in the store yet: they are on their way to take another's. */
  unkept(conversationId: string): readonly Message[] {
    return this.#running?.conversationId === conversationId ? this.#running.unkept() : [];
  }

  /** Ends when it has ended; does nothing where another conversation is named. */
  async stop(conversationId = this.conversationId): Promise<void> {
    if (this.#running === undefined || this.#running.conversationId !== conversationId) return;
    this.#running.abort.abort();
    await this.#running.ended;
  }
}
