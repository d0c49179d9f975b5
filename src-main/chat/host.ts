import type {
  AskedOnce,
  ChatEvent,
  MeasureRequest,
  Measured,
  OpenChatRequest,
  OpenedChat,
  SendRequest,
} from '../contract/chat.ts';
import { SnugError } from '../contract/errors.ts';
import { splitThoughts } from '../contract/thoughts.ts';
import { loadAddon, withAbort, callNative, type NativeModel } from '../engine/addon.ts';
import { peakResidentBytes } from '../engine/peak-memory.ts';
import { staysMapped } from '../luq/loaded-weights.ts';
import { CHAT_BATCH_TOKENS } from '../luq/memory.ts';
import { checkTokens } from '../models/check-text.ts';
import { checkEncoderLayout } from '../models/encoder-layout.ts';
import { imageLimits, limitsIn } from '../models/image-limits.ts';
import { checkPair, readTextModel, readVisionModel } from '../models/model-file.ts';
import { usableThreads } from '../profile/laptop.ts';
import { ChatSession } from './session.ts';

/** Enough to measure a rate, few enough for a model that takes seconds per token. */
const MEASURED_PROMPT_TOKENS = 128;
const MEASURED_ANSWER_TOKENS = 32;

/** The loaded model of a chat process and its conversation. */
export class ChatHost {
  #model: NativeModel | undefined;
  #session: ChatSession | undefined;

  get session(): ChatSession {
    if (!this.#session) throw new SnugError('BUG', 'no model is open');
    return this.#session;
  }

  async open(
    request: OpenChatRequest,
    options: { signal?: AbortSignal | undefined; onEvent?: (event: ChatEvent) => void } = {},
  ): Promise<OpenedChat> {
    const text = readTextModel(request.modelPath);
    checkTokens(text.gguf);
    const vision = request.mmprojPath === undefined ? undefined : readVisionModel(request.mmprojPath);
    if (vision) checkEncoderLayout(vision);
    if (vision) checkPair(text, vision);
    const contextTokens = Math.min(request.contextTokens, text.trainingContextTokens);
    const limits = limitsIn(contextTokens, imageLimits(text, request.imageMaxTokens));
    const { addon } = loadAddon();
    this.close();
    const model = await withAbort(addon, options.signal, (abort) =>
      addon.openModel(
        {
          path: text.path,
          threads: usableThreads(request.threads),
          imageMinTokens: limits.minTokens,
          imageMaxTokens: limits.maxTokens,
          gpuLayers: request.gpuLayers ?? 0,
          mapped: staysMapped(text, request.gpuLayers ?? 0),
          ...(vision ? { mmprojPath: vision.path } : {}),
        },
        abort,
        ({ done, total }) => options.onEvent?.({ kind: 'loading', done, total }),
      ),
    );
    this.#model = model;
    this.#session = new ChatSession(addon, model, {
      text,
      vision,
      limits,
      contextTokens,
      batchTokens: Math.min(CHAT_BATCH_TOKENS, contextTokens),
      threads: usableThreads(request.threads),
    });
    return { name: text.name, canSee: vision !== undefined, contextTokens, imageMaxTokens: limits.maxTokens };
  }

  /** Opens a model, times it and asks it questions, each in a conversation of its own. Meant for a fresh process. */
  async measure(request: MeasureRequest, signal: AbortSignal): Promise<Measured> {
    const before = process.memoryUsage.rss();
    await this.open(request, { signal });
    const speed = await this.#time(request);
    const answers: string[] = [];
    for (const { question, picture } of request.questions) {
      // a conversation of its own: what was asked before must not lead the answer
      this.session.reset();
      const answer = await this.session.send(
        {
          text: question,
          pictures: picture === undefined ? [] : [picture],
          // what was planned for is the largest
          detail: 'full',
          maxTokens: request.maxTokens,
          temperature: 0,
          seed: 0,
        },
        { signal },
      );
      answers.push(splitThoughts(answer.text).answer.trim());
    }
    return { ...speed, peakMemoryBytes: peakSince(before), answers };
  }

  /** Opens a model and asks one question. Meant for a fresh process. */
  async askOnce(
    request: OpenChatRequest & { question: SendRequest },
    options: { signal: AbortSignal; onEvent: (event: ChatEvent) => void },
  ): Promise<AskedOnce> {
    const before = process.memoryUsage.rss();
    await this.open(request, options);
    const answer = await this.session.send(request.question, options);
    return { answer, peakMemoryBytes: peakSince(before) };
  }

  async #time(request: MeasureRequest): Promise<{ tokensPerSecond: number; promptTokensPerSecond: number }> {
    const model = this.#model;
    if (!model) throw new SnugError('BUG', 'no model is open');
    const { addon } = loadAddon();
    const chat = new addon.Chat(model, {
      contextTokens: MEASURED_PROMPT_TOKENS + MEASURED_ANSWER_TOKENS + CHAT_BATCH_TOKENS,
      batchTokens: CHAT_BATCH_TOKENS,
      threads: usableThreads(request.threads),
    });
    try {
      const { vocabularySize } = model.describe();
      // any tokens do: the time of a prompt does not depend on what it says
      const tokens = Int32Array.from(
        { length: MEASURED_PROMPT_TOKENS },
        (_, i) => (i * 7919 + 1) % (vocabularySize - 16),
      );
      // the first run touches the weights for the first time: it is not counted
      await callNative(chat.prompt({ tokens: tokens.slice(0, 2) }));
      const prompt = await callNative(chat.prompt({ tokens: tokens.slice(1) }));
      const answer = await callNative(chat.answer({ maxTokens: MEASURED_ANSWER_TOKENS, ignoreEnd: true }));
      return {
        promptTokensPerSecond: (prompt.promptTokens - prompt.reusedTokens) / prompt.promptSeconds,
        tokensPerSecond: answer.tokens / answer.seconds,
      };
    } finally {
      chat.close();
    }
  }

  close(): void {
    this.#session?.[Symbol.dispose]();
    this.#model?.close();
    this.#session = undefined;
    this.#model = undefined;
  }
}

/** Memory at its highest beyond what it was, in bytes. */
function peakSince(before: number): number {
  return Math.max(0, peakResidentBytes() - before);
}
