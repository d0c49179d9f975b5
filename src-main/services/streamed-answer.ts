import type { SentAnswer } from '../contract/chat.ts';
import type { Message } from '../contract/conversation.ts';
import { toErrorData, type ErrorData } from '../contract/errors.ts';
import type { AnswerEnd, ConversationRepository } from '../store/conversations.ts';

/** The window hears of a growing answer at most this often; its first words pass at once. */
const TELL_MILLISECONDS = 40;

/**
 * An answer while it comes: every piece is stored, so that a crash loses none of it. When the store takes no more (the disk is full), the
 * answer is stopped and fails with that reason; the window keeps all of it, the store what it had taken.
 *
 * One that takes the place of an earlier answer gets its place in the store with its first word: without one, the earlier answer stays.
 */
export class StreamedAnswer {
  message: Message;
  readonly #repository: ConversationRepository;
  readonly #tell: (message: Message) => void;
  readonly #notes: string[] = [];
  readonly #stop: () => void;
  readonly #begin: (message: Message) => void;
  #refused: unknown;
  #kept: boolean;
  #toldAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * `stop` ends the answer: nothing more of it can be kept. `begin` gives it its place in the store, once it has a word; without it, it
   * has its place already.
   */
  constructor(
    message: Message,
    repository: ConversationRepository,
    on: {
      readonly tell: (message: Message) => void;
      readonly stop: () => void;
      readonly begin?: ((message: Message) => void) | undefined;
    },
  ) {
    this.message = message;
    this.#repository = repository;
    this.#tell = on.tell;
    this.#stop = on.stop;
    this.#begin = on.begin ?? (() => undefined);
    this.#kept = on.begin === undefined;
  }

  get isEmpty(): boolean {
    return this.message.text === '';
  }

  /** Whether it has its place in the store. */
  get isKept(): boolean {
    return this.#kept;
  }

  append(piece: string): void {
    this.message = { ...this.message, text: this.message.text + piece };
    this.#store(piece);
    if (!this.#kept) return;
    const wait = this.#toldAt + TELL_MILLISECONDS - performance.now();
    if (wait <= 0) this.#tellNow();
    else this.#timer ??= setTimeout(() => this.#tellNow(), wait);
  }

  #store(piece: string): void {
    if (this.#refused !== undefined) return;
    try {
      if (this.#kept) this.#repository.appendText(this.message.id, piece);
      else this.#keepFirstWord();
    } catch (error) {
      // pieces arrive from a process: thrown here, nobody would hear it
      this.#refused = error;
      this.#stop();
    }
  }

  #keepFirstWord(): void {
    if (this.message.text.trim() === '') return;
    this.#begin(this.message);
    this.#kept = true;
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

  finish({ reason, statistics, pictures }: SentAnswer): void {
    const states = { end: 'done', length: 'length', context: 'length', cancelled: 'stopped' } as const;
    const { encodedImages: _, ...kept } = statistics;
    const sentPictures = pictures.map(({ width, height }) => ({ width, height }));
    this.#end(states[reason], {
      statistics: { ...kept, ...(sentPictures.length > 0 ? { sentPictures } : {}) },
    });
  }

  stopped(): void {
    this.#end('stopped', {});
  }

  failed(error: ErrorData): void {
    this.#end('failed', { error });
  }

  #end(state: AnswerEnd['state'], outcome: Partial<Pick<Message, 'statistics' | 'error'>>): void {
    const { statistics = null, error = null } = outcome;
    if (!this.#kept) return this.#endUnbegun(state, error);
    try {
      if (this.#refused === undefined) this.message = this.#finished({ state, statistics, error });
    } catch (refused) {
      this.#refused = refused;
    }
    if (this.#refused !== undefined) this.#endUnkept(toErrorData(this.#refused));
    this.#tellNow();
  }

  #endUnbegun(state: AnswerEnd['state'], error: ErrorData | null): void {
    const end =
      this.#refused === undefined
        ? { state, error }
        : { state: 'failed' as const, error: toErrorData(this.#refused) };
    this.message = { ...this.message, ...end, text: '', notes: this.#notes };
    this.#tellNow();
  }

  #finished(end: Omit<AnswerEnd, 'notes'>): Message {
    const finished = this.#repository.finishAnswer(this.message.id, { ...end, notes: this.#notes });
    const { replaces } = this.message;
    // a window that heard of a short answer only when it was whole has to know whose place it took
    return replaces === undefined ? finished : { ...finished, replaces };
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
