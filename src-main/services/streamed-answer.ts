import type { SentAnswer } from '../contract/chat.ts';
import type { Message } from '../contract/conversation.ts';
import type { ErrorData } from '../contract/errors.ts';
import type { AnswerEnd, ConversationRepository } from '../store/conversations.ts';

/** The window hears of a growing answer at most this often; its first words pass at once. */
const TELL_MILLISECONDS = 40;

/** An answer while it comes: every piece is stored, so that a crash loses none of it. */
export class StreamedAnswer {
  message: Message;
  readonly #repository: ConversationRepository;
  readonly #tell: (message: Message) => void;
  readonly #notes: string[] = [];
  #toldAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(message: Message, repository: ConversationRepository, tell: (message: Message) => void) {
    this.message = message;
    this.#repository = repository;
    this.#tell = tell;
  }

  get isEmpty(): boolean {
    return this.message.text === '';
  }

  append(piece: string): void {
    this.message = { ...this.message, text: this.message.text + piece };
    this.#repository.appendText(this.message.id, piece);
    const wait = this.#toldAt + TELL_MILLISECONDS - performance.now();
    if (wait <= 0) this.#tellNow();
    else this.#timer ??= setTimeout(() => this.#tellNow(), wait);
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
    this.message = this.#repository.finishAnswer(this.message.id, {
      state,
      statistics: outcome.statistics ?? null,
      error: outcome.error ?? null,
      notes: this.#notes,
    });
    this.#tellNow();
  }
}
