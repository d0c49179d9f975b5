import { createHash } from 'node:crypto';
import type {
  ChatEvent,
  ChatHistory,
  OpenChatRequest,
  PictureDetail,
  SendRequest,
  SentAnswer,
  SentSize,
} from '../contract/chat.ts';
import { CancelledError, SnugError } from '../contract/errors.ts';
import type { LoadedModel, ModelInUse } from './loaded-model.ts';
import type { PictureProcess } from './picture-process.ts';

/** A message as a program sends it, with its pictures' bytes. */
export interface ServedMessage {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly pictures: readonly Uint8Array[];
}

/** A conversation as a program sends it, and how it is to be answered. */
export interface ServedQuestion {
  readonly systemPrompt: string;
  /** the last is the question */
  readonly messages: readonly ServedMessage[];
  readonly detail: PictureDetail;
  /** as long as the context allows when undefined */
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
}

/** Requests that are answered and that wait for their turn. */
export interface Load {
  readonly running: number;
  readonly waiting: number;
}

/** How many may wait: those behind them would wait for minutes. */
export const MOST_WAITING = 8;
/** Of pictures whose sizes are remembered, so that they are sent again as they were. */
const MOST_SIZES = 256;

interface Parts {
  readonly model: LoadedModel;
  readonly pictures: Pick<PictureProcess, 'prepare'>;
  /** what the model is opened with, settled for each request anew */
  readonly opening: () => Promise<OpenChatRequest>;
  /** where the program says none */
  readonly temperature: () => number;
  readonly changed?: ((load: Load) => void) | undefined;
  /** notes that the model is in use, until disposed */
  readonly use?: ((modelPath: string) => Disposable) | undefined;
}

/** The loaded model as other programs ask it: each request a whole conversation, in turn with all else that the model is asked. */
export class ServedModel {
  /** what programs call it */
  readonly name: string;
  readonly #parts: Parts;
  readonly #sizes = new Map<string, SentSize>();
  #running = 0;
  #waiting = 0;

  constructor(name: string, parts: Parts) {
    this.name = name;
    this.#parts = parts;
  }

  get load(): Load {
    return { running: this.#running, waiting: this.#waiting };
  }

  /** @throws SnugError BUSY when so many wait that another would wait for minutes */
  refuseIfFull(): void {
    if (this.#waiting < MOST_WAITING) return;
    throw new SnugError('BUSY', `${MOST_WAITING} requests wait for the model already`, {
      advice: 'Ask again later.',
    });
  }

  /**
   * Answers a question in its turn. Aborting ends it, also while it waits.
   * @throws SnugError CONTEXT_FULL for a conversation that does not fit whole, BAD_PICTURE, CANNOT_SEE, BUSY, DOES_NOT_FIT
   */
  async answer(
    asked: ServedQuestion,
    { signal, onEvent }: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer> {
    this.refuseIfFull();
    this.#count(0, 1);
    let waits = true;
    const begin = async (model: ModelInUse) => {
      waits = false;
      this.#count(1, -1);
      try {
        return await this.#ask(model, asked, { signal, onEvent });
      } finally {
        this.#count(-1, 0);
      }
    };
    try {
      const answer = await this.#parts.model.use(begin, signal);
      if (answer.reason === 'cancelled' && !signal.aborted) throw new CancelledError();
      return answer;
    } finally {
      if (waits) this.#count(0, -1);
    }
  }

  #count(running: number, waiting: number): void {
    this.#running += running;
    this.#waiting += waiting;
    this.#parts.changed?.(this.load);
  }

  async #ask(
    model: ModelInUse,
    asked: ServedQuestion,
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<SentAnswer> {
    const opening = await this.#parts.opening();
    using _use = this.#parts.use?.(opening.modelPath);
    const { canSee, contextTokens } = await model.open(opening, options);
    const { systemPrompt, messages } = asked;
    if (!canSee && messages.some(({ pictures }) => pictures.length > 0)) throw cannotSee();
    const before = messages.slice(0, -1);
    const question = messages.at(-1);
    if (question?.role !== 'user') throw new SnugError('BUG', 'there is no question');
    await model.remember(stateKey(systemPrompt, before), () => this.#history(systemPrompt, before));
    const request: SendRequest = {
      text: question.text,
      pictures: await this.#prepared(question.pictures),
      ...{ detail: asked.detail, keepsAll: true, stop: asked.stop, topP: asked.topP },
      maxTokens: Math.min(asked.maxTokens ?? contextTokens, contextTokens),
      temperature: asked.temperature ?? this.#parts.temperature(),
      seed: asked.seed ?? Math.floor(Math.random() * 2 ** 31),
    };
    const said = (answer: SentAnswer) =>
      stateKey(systemPrompt, [...messages, { role: 'assistant', text: answer.text, pictures: [] }]);
    const answer = await model.send(request, said, options);
    this.#learnSizes(question.pictures, answer);
    return answer;
  }

  async #history(systemPrompt: string, messages: readonly ServedMessage[]): Promise<ChatHistory> {
    const turns: ChatHistory['turns'][number][] = [];
    for (const { role, text, pictures } of messages) {
      const files = await this.#prepared(pictures);
      turns.push({
        ...{ role, text },
        pictures: files.map((file, i) => ({ file, sentAs: this.#sizes.get(hashOf(pictures[i])) })),
      });
    }
    return { systemPrompt, turns };
  }

  /** Pictures that were decoded once by a process of their own: what a stranger made goes nowhere else before that. */
  async #prepared(pictures: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const prepared: Uint8Array[] = [];
    for (const bytes of pictures) {
      const { converted } = await this.#parts.pictures.prepare({ bytes, name: 'a picture' });
      prepared.push(converted ?? bytes);
    }
    return prepared;
  }

  /** A later request sends them again, and they are to be the same then. */
  #learnSizes(pictures: readonly Uint8Array[], { pictures: sent }: SentAnswer): void {
    for (const [i, { width, height }] of sent.entries())
      this.#sizes.set(hashOf(pictures[i]), { width, height });
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizes.size <= MOST_SIZES) break;
      this.#sizes.delete(oldest);
    }
  }
}

function hashOf(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}

/** Names what the process remembers: of no conversation of the window's. */
function stateKey(systemPrompt: string, messages: readonly ServedMessage[]): string {
  const turns = messages.map(({ role, text, pictures }) => [role, text, pictures.map(hashOf)]);
  const hash = createHash('sha256').update(JSON.stringify([systemPrompt, turns]));
  return `served ${hash.digest('hex')}`;
}

function cannotSee(): SnugError {
  return new SnugError('CANNOT_SEE', 'this model has no vision file, so it can’t take pictures', {
    advice: 'Ask without pictures, or serve a model that has one.',
  });
}
