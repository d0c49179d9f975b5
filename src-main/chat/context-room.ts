import { SnugError, throwIfCancelled } from '../contract/errors.ts';
import type { PictureDetail } from '../contract/chat.ts';
import { counted } from '../contract/counted.ts';
import { MOST_PICTURE_SHARE } from '../models/image-limits.ts';
import type { TextModel } from '../models/model-file.ts';
import type { PictureSize } from '../pictures/picture-size.ts';
import { longerContext } from './longer-context.ts';
import { shareRoom, usualTokens, type PictureScale } from '../prompt/picture-scale.ts';
import type { Picture } from '../pictures/pictures.ts';
import type { ChatMessage } from '../prompt/turns.ts';

/** A message, and its pictures as the model sees them. */
export interface PicturedMessage {
  readonly message: ChatMessage;
  readonly pictures: readonly Picture[];
}

/** A picture to be sent: its own size, and the one that it was sent at before. */
interface PictureToSend {
  readonly original: PictureSize;
  readonly sentAs?: PictureSize | undefined;
}

export interface AskedQuestion {
  readonly message: ChatMessage;
  readonly pictures: readonly PictureToSend[];
  readonly detail: PictureDetail;
  /** no earlier message may give way to it */
  readonly keepsAll: boolean;
}

/** A question made to fit the context. */
export interface FittedQuestion {
  /** of the conversation before it: what there is still room for */
  readonly earlier: readonly PicturedMessage[];
  /** how many of the oldest messages there is none for */
  readonly dropped: number;
  readonly sizes: readonly PictureSize[];
}

/** Tokens of a prompt that holds these messages with pictures of these sizes; Infinity for more than can fit. */
export type CountTokens = (
  messages: readonly ChatMessage[],
  pictures: readonly PictureSize[],
  signal: AbortSignal | undefined,
) => Promise<number>;

/** Tokens kept free for the answer when the conversation is cut to fit the context. */
const LEAST_ANSWER_TOKENS = 128;
/** Share of the context that a message's pictures take together unless more detail is asked for. */
const USUAL_SHARE = 1 / 2;
/** Pictures shrink to this share of what they usually take before the oldest messages give way. */
const LEAST_SHARE = 1 / 2;

/** What a question's pictures want of the context. */
interface Wanted {
  readonly sizes: readonly PictureSize[];
  readonly tokens: readonly number[];
  /** with less than this, earlier messages give way */
  readonly leastTokens: number;
  /** they were sent at this size before, or are to be seen as they are: the room next to the answer's is theirs too */
  readonly isSettled: boolean;
}

/** Fits questions to a context: their pictures are scaled to the room there is, and the oldest messages give way. */
export class ContextRoom {
  readonly #contextTokens: number;
  readonly #longestContextTokens: number;
  readonly #scale: PictureScale;
  readonly #count: CountTokens;

  constructor(
    { contextTokens, text }: { contextTokens: number; text: Pick<TextModel, 'trainingContextTokens'> },
    scale: PictureScale,
    count: CountTokens,
  ) {
    this.#contextTokens = contextTokens;
    this.#longestContextTokens = text.trainingContextTokens;
    this.#scale = scale;
    this.#count = count;
  }

  /** The sizes of a message's pictures when nothing else is in the way. */
  usualSizes(originals: readonly PictureSize[]): PictureSize[] {
    const most = usualTokens(this.#scale.limits, this.#contextTokens);
    const alone = originals.map((original) => this.#tokens(this.#scale.within(original, most)));
    const shares = shareRoom(alone, this.#contextTokens * USUAL_SHARE);
    return originals.map((original, i) => this.#scale.within(original, shares[i] ?? 0));
  }

  /**
   * @throws SnugError CONTEXT_FULL when the question does not fit even alone, or with all that came before it where nothing may give way,
   * with its pictures as small as they get
   */
  async fit(
    before: readonly PicturedMessage[],
    question: AskedQuestion,
    signal: AbortSignal | undefined,
  ): Promise<FittedQuestion> {
    const wanted = this.#wanted(question);
    const mostDropped = question.keepsAll ? 0 : before.length;
    for (let dropped = 0; dropped <= mostDropped; dropped++) {
      const earlier = before.slice(dropped);
      // a conversation starts with a question, never with the answer to a dropped one
      if (earlier[0]?.message.role === 'assistant') continue;
      throwIfCancelled(signal);
      const words = await this.#wordsTokens(earlier, question, wanted, signal);
      const sizes = this.#sizesIn(words, question, wanted, earlier.length === 0);
      if (sizes) return { earlier, dropped, sizes };
    }
    throw await this.#refusal(question.keepsAll ? before : [], question, signal);
  }

  #tokens = (size: PictureSize): number => this.#scale.tokens(size);

  #sum(sizes: readonly PictureSize[]): number {
    return sizes.reduce((sum, size) => sum + this.#tokens(size), 0);
  }

  #wanted({ pictures, detail }: AskedQuestion): Wanted {
    const originals = pictures.map(({ original }) => original);
    const usual = this.usualSizes(originals);
    const most = this.#scale.limits.maxTokens;
    const sent = pictures.flatMap(({ sentAs }) => (sentAs && this.#tokens(sentAs) <= most ? [sentAs] : []));
    const isSent = sent.length === pictures.length;
    const full = originals.map((original) => this.#scale.within(original, most));
    const sizes = isSent ? sent : detail === 'usual' ? usual : full;
    const isSettled = isSent || detail === 'full';
    const leastTokens = isSettled ? this.#sum(sizes) : this.#sum(usual) * LEAST_SHARE;
    return { sizes, tokens: sizes.map(this.#tokens), leastTokens, isSettled };
  }

  /** What all but the question's pictures takes. */
  async #wordsTokens(
    earlier: readonly PicturedMessage[],
    { message }: AskedQuestion,
    wanted: Wanted,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const messages = [...earlier.map((turn) => turn.message), message];
    const sizes = [...earlier.flatMap((turn) => turn.pictures), ...wanted.sizes];
    return (await this.#count(messages, sizes, signal)) - this.#sum(wanted.sizes);
  }

  /** Sizes of the question's pictures beside so many tokens of everything else; undefined where there is no room for them. */
  #sizesIn(
    words: number,
    { pictures, detail }: AskedQuestion,
    wanted: Wanted,
    isAlone: boolean,
  ): readonly PictureSize[] | undefined {
    const { sizes, tokens, leastTokens, isSettled } = wanted;
    const answer = Math.min(LEAST_ANSWER_TOKENS, this.#contextTokens / 4);
    const tight = this.#contextTokens - answer - words;
    const comfortable = this.#contextTokens * MOST_PICTURE_SHARE - words;
    const total = tokens.reduce((sum, count) => sum + count, 0);
    if (total <= (isSettled || pictures.length === 0 ? tight : comfortable))
      return tight >= 0 ? sizes : undefined;
    if (detail === 'full' || (!isAlone && comfortable < leastTokens)) return undefined;
    const room = isAlone ? Math.max(comfortable, Math.min(tight, leastTokens)) : comfortable;
    const shares = shareRoom(tokens, room);
    const smaller = pictures.map(({ original }, i) => this.#scale.within(original, shares[i] ?? 0));
    return this.#sum(smaller) <= tight ? smaller : undefined;
  }

  async #refusal(
    before: readonly PicturedMessage[],
    question: AskedQuestion,
    signal: AbortSignal | undefined,
  ): Promise<SnugError> {
    const smallest = question.pictures.map(({ original }) =>
      this.#scale.within(original, question.detail === 'full' ? this.#scale.limits.maxTokens : 0),
    );
    const messages = [...before.map(({ message }) => message), question.message];
    const sizes = [...before.flatMap(({ pictures }) => pictures), ...smallest];
    const tokens = await this.#count(messages, sizes, signal);
    const takes = tokens === Infinity ? 'more text than can fit' : counted(tokens, 'token');
    return new SnugError(
      'CONTEXT_FULL',
      `${before.length > 0 ? 'this conversation' : 'this message alone'} takes ${takes}, and the context holds ${counted(this.#contextTokens, 'token')}`,
      {
        advice: 'Send less text, or fewer pictures.',
        remedies: longerContext({
          needed: tokens,
          now: this.#contextTokens,
          most: this.#longestContextTokens,
        }),
      },
    );
  }
}
