import { shorterContextNote } from '../chat/opening-notes.ts';
import type { ChatEvent, SentAnswer, SentSize } from '../contract/chat.ts';
import type { ChatActivity, Conversation, Message } from '../contract/conversation.ts';
import { SnugError, isCancelled, toErrorData } from '../contract/errors.ts';
import type { LoadedModel, ModelInUse } from './loaded-model.ts';
import { stateKey, type ModelRequests } from './model-requests.ts';
import type { PicturePace } from './picture-pace.ts';
import type { StreamedAnswer } from './streamed-answer.ts';

/** A question in its thread, and the answer that is to come. */
export interface Asking {
  readonly conversation: Conversation;
  /** up to the question */
  readonly thread: readonly Message[];
  readonly question: Message;
  readonly moreDetail: boolean;
  /** the sizes of its pictures if it was sent before */
  readonly sentAs: readonly SentSize[] | undefined;
  readonly streamed: StreamedAnswer;
  readonly signal: AbortSignal;
}

/** Lets answers come from the loaded model, each in its turn. */
export class Answers {
  readonly #model: LoadedModel;
  readonly #requests: ModelRequests;
  readonly #pace: PicturePace;
  readonly #activity: (activity: ChatActivity) => void;

  constructor(parts: {
    model: LoadedModel;
    requests: ModelRequests;
    pace: PicturePace;
    activity: (activity: ChatActivity) => void;
  }) {
    this.#model = parts.model;
    this.#requests = parts.requests;
    this.#pace = parts.pace;
    this.#activity = parts.activity;
  }

  /** Ends when the answer has ended, however it did; what went wrong is said in the answer. */
  async come(asking: Asking): Promise<void> {
    const { streamed, signal } = asking;
    try {
      const answer = await this.#model.use((model) => this.#ask(model, asking), signal);
      if (answer.reason === 'cancelled' && !signal.aborted) throw lostModel();
      streamed.finish(answer);
    } catch (error) {
      if (!isCancelled(error)) streamed.failed(toErrorData(error));
      else if (signal.aborted) streamed.stopped();
      else streamed.failed(toErrorData(lostModel()));
    }
  }

  async #ask(model: ModelInUse, { conversation, ...asking }: Asking): Promise<SentAnswer> {
    const { thread, question, streamed, signal } = asking;
    const { id } = conversation;
    this.#activity({ conversationId: id, stage: 'loading', share: null });
    const opening = await this.#requests.open(conversation);
    const opened = await model.open(opening, {
      signal,
      onEvent: (event) => this.#loading(id, streamed, event),
    });
    const before = thread.slice(0, -1);
    // once, and not with every answer
    const known = before.findLast(({ statistics }) => statistics !== null)?.statistics?.contextTokens;
    const note = shorterContextNote(opening.contextTokens, opened.contextTokens);
    if (note !== undefined && known !== opened.contextTokens) streamed.note(note);
    await model.remember(stateKey(conversation, before), () => this.#requests.history(conversation, before));
    const request = this.#requests.send(conversation, question, asking);
    this.#activity({ conversationId: id, stage: 'reading', share: null });
    const answer = await model.send(request, stateKey(conversation, [...thread, streamed.message]), {
      signal,
      onEvent: (event) => this.#heard(id, streamed, event),
    });
    this.#learnPace(opening.modelPath, answer);
    return answer;
  }

  #heard(conversationId: string, streamed: StreamedAnswer, event: ChatEvent): void {
    if (event.kind === 'prompt' || event.kind === 'encoding') {
      const stage = event.kind === 'prompt' ? 'reading' : 'encoding';
      const share = event.total > 0 ? event.done / event.total : null;
      this.#activity({ conversationId, stage, share });
    } else if (event.kind === 'text') {
      if (streamed.isEmpty) this.#activity({ conversationId, stage: 'answering', share: null });
      streamed.append(event.text);
    } else if (event.kind === 'note') {
      streamed.note(event.text);
    }
  }

  #loading(conversationId: string, streamed: StreamedAnswer, event: ChatEvent): void {
    if (event.kind === 'note') streamed.note(event.text);
    if (event.kind !== 'loading') return;
    const share = event.total > 0 ? event.done / event.total : null;
    this.#activity({ conversationId, stage: 'loading', share });
  }

  #learnPace(modelPath: string, answer: SentAnswer): void {
    const { pictures, statistics } = answer;
    // what was remembered took no time
    if (pictures.length === 0 || statistics.encodedImages < pictures.length) return;
    const tokens = pictures.reduce((sum, picture) => sum + picture.tokens, 0);
    this.#pace.learn(modelPath, tokens, answer);
  }
}

function lostModel(): SnugError {
  return new SnugError('MODEL_UNLOADED', 'the model was taken out of memory while it answered', {
    advice: 'Ask again.',
  });
}
