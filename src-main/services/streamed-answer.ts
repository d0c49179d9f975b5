import type { SentAnswer } from '../contract/chat.ts';
import type { Message } from '../contract/conversation.ts';
import { toErrorData, type ErrorData } from '../contract/errors.ts';
import type { AnswerEnd, ConversationRepository } from '../store/conversations.ts';

/** The window hears of a growing answer at most this often; its first words pass at once. */
const TELL_MILLISECONDS = 40;

/**
 * An answer while it comes: every piece is stored, so that a crash loses none of it. When the store takes no more (the disk is full), the
 * answer is stopped and fails with that reason; the window keeps all of it, the store what it had taken.
 */
export class StreamedAnswer {
  message: Message;
  readonly #repository: ConversationRepository;
  readonly #tell: (message: Message) => void;
  readonly #notes: string[] = [];
  readonly #stop: () => void;
  #refused: unknown;
  #toldAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `stop` ends the answer: nothing more of it can be kept. */
  constructor(
    message: Message,
    repository: ConversationRepository,
    on: { readonly tell: (message: Message) => void; readonly stop: () => void },
  ) {
    this.message = message;
    this.#repository = repository;
    this.#tell = on.tell;
    this.#stop = on.stop;
  }

  get isEmpty(): boolean {
    return this.message.text === '';
  }

  append(piece: string): void {
    this.message = { ...this.message, text: this.message.text + piece };
    this.#store(piece);
    const wait = this.#toldAt + TELL_MILLISECONDS - performance.now();
    if (wait <= 0) this.#tellNow();
    else this.#timer ??= setTimeout(() => this.#tellNow(), wait);
  }

  #store(piece: string): void {
    if (this.#refused !== undefined) return;
    try {
      this.#repository.appendText(this.message.id, piece);
    } catch (error) {
      // pieces arrive from a process: thrown here, nobody would hear it
      this.#refused = error;
      this.#stop();
    }
  }

  #tellNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#toldAt = performance.now();
    this.#tell(this.message);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  finish({ reason, statistics }: SentAnswer): void {
    const states = { end: 'done', length: 'length', context: 'length', cancelled: 'stopped' } as const;
    const { encodedImages: _, ...kept } = statistics;
    this.#end(states[reason], { statistics: kept });
  }

  stopped(): void {
    this.#end('stopped', {});
  }

  failed(error: ErrorData): void {
    this.#end('failed', { error });
  }

  #end(state: AnswerEnd['state'], outcome: Partial<Pick<Message, 'statistics' | 'error'>>): void {
    const { statistics = null, error = null } = outcome;
    try {
      if (this.#refused === undefined) this.message = this.#finished({ state, statistics, error });
    } catch (refused) {
      this.#refused = refused;
    }
    if (this.#refused !== undefined) this.#endUnkept(toErrorData(this.#refused));
    this.#tellNow();
  }

  #finished(end: Omit<AnswerEnd, 'notes'>): Message {
    return this.#repository.finishAnswer(this.message.id, { ...end, notes: this.#notes });
  }

  #endUnkept(error: ErrorData): void {
    this.message = { ...this.message, state: 'failed', error, notes: this.#notes };
    try {
      this.#finished({ state: 'failed', statistics: null, error });
    } catch {
      // the next start finds it unfinished, with what the store had taken
    }
  }
}
