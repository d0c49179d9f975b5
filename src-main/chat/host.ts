import type {
  AskedOnce,
  ChatEvent,
  MeasureRequest,
  Measured,
  OpenChatRequest,
  OpenedChat,
  SendRequest,
} from '../contract/chat.ts';
import { hasCode, SnugError } from '../contract/errors.ts';
import { hasGraphicsDevice } from '../contract/laptop.ts';
import { splitThoughts } from '../contract/thoughts.ts';
import { loadAddon } from '../engine/addon.ts';
import { callNative, useNative, withAbort } from '../engine/native-calls.ts';
import type { NativeModel } from '../engine/native-types.ts';
import { peakResidentBytes } from '../engine/peak-memory.ts';
import { staysMapped } from '../luq/plan/loaded-weights.ts';
import { CHAT_BATCH_TOKENS } from '../luq/plan/memory.ts';
import { completionNote } from '../models/complete-vision.ts';
import { checkTokens } from '../models/check-text.ts';
import { checkEncoderLayout } from '../models/encoder-layout.ts';
import { imageLimits, limitsIn, openingLimits } from '../models/image-limits.ts';
import { checkPair, readTextModel, readVisionModel, type VisionModel } from '../models/model-file.ts';
import { loadNotes } from '../models/load-warnings.ts';
import { modelFiles } from '../models/open-model.ts';
import { usableThreads } from '../profile/laptop.ts';
import { memoryNow, ramNow } from '../profile/memory.ts';
import { answersFasterWide } from './faster-layouts.ts';
import { mappedNote } from './mapped-note.ts';
import { requireMemory, type Loading, type MemoryRoom } from './memory-room.ts';
import { ChatSession } from './session.ts';

/** Enough to measure a rate, few enough for a model that takes seconds per token. */
const MEASURED_PROMPT_TOKENS = 128;
const MEASURED_ANSWER_TOKENS = 32;

interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ChatEvent) => void) | undefined;
}

/** The loaded model of a chat process and its conversation. */
export class ChatHost {
  #model: NativeModel | undefined;
  #session: ChatSession | undefined;

  get session(): ChatSession {
    if (!this.#session) throw new SnugError('BUG', 'no model is open');
    return this.#session;
  }

  /** @throws SnugError DOES_NOT_FIT where there is no room for it */
  async open(request: OpenChatRequest, options: OpenOptions = {}): Promise<OpenedChat> {
    const files = readFiles(request);
    return this.#open(request, files, options, await this.#room(request, files, options.signal));
  }

  /** Opens a model without its weights: its pictures and words can be counted, and nothing can be asked. */
  async openToCount(request: OpenChatRequest): Promise<OpenedChat> {
    return this.#open(request, readFiles(request), {}, 'no weights');
  }

  /** Undefined where it is not known: with a graphics processor part of it lies there. */
  async #room(
    request: OpenChatRequest,
    files: Loading,
    signal: AbortSignal | undefined,
  ): Promise<MemoryRoom | undefined> {
    const { addon, backends } = loadAddon();
    if ((request.gpuLayers ?? 0) > 0 && hasGraphicsDevice(backends.devices)) return undefined;
    const threads = usableThreads(request.threads);
    return requireMemory(addon, files, await ramNow(), {
      swapTotalBytes: async () => (await memoryNow()).swapTotalBytes,
      anyway: request.anyway ?? false,
      ownTypes: backends.ownKernelTypes,
      isFasterWide: () => answersFasterWide({ addon, backends }, files.text, { threads, signal }),
    });
  }

  async #open(
    request: OpenChatRequest,
    { text, vision, limits, contextTokens }: Loading,
    { signal, onEvent }: OpenOptions,
    room: MemoryRoom | 'no weights' | undefined,
    wide = room !== undefined && room !== 'no weights' && room.memory.wide === true,
  ): Promise<OpenedChat> {
    const { addon, backends } = loadAddon();
    this.close();
    const metadataOnly = room === 'no weights';
    const known = metadataOnly ? undefined : room;
    const mapped = known?.mapped ?? staysMapped(text, request.gpuLayers ?? 0);
    const model = await withAbort(addon, signal, (abort) =>
      addon.openModel(
        {
          ...modelFiles(text.gguf),
          threads: usableThreads(request.threads),
          ...openingLimits(vision, limits),
          gpuLayers: request.gpuLayers ?? 0,
          wide,
          mapped,
          ...(metadataOnly ? { metadataOnly } : {}),
          ...(vision ? { mmprojPath: vision.path } : {}),
        },
        abort,
        ({ done, total }) => onEvent?.({ kind: 'loading', done, total }),
      ),
    );
    const kernels = mapped ? mappedNote(text.gguf.tensors, backends) : undefined;
    const notes = notesOf(vision, model.describe().warnings, kernels);
    if (!metadataOnly) for (const note of notes) onEvent?.({ kind: 'note', text: note });
    this.#model = model;
    this.#session = new ChatSession(addon, model, {
      text,
      vision,
      limits,
      contextTokens,
      batchTokens: Math.min(CHAT_BATCH_TOKENS, contextTokens),
      threads: usableThreads(request.threads),
      metadataOnly,
    });
    return {
      name: text.name,
      canSee: vision !== undefined,
      contextTokens,
      imageMaxTokens: limits.maxTokens,
      memoryBytes: known?.memory.totalBytes ?? null,
    };
  }

  /** Opens a model, times it and asks it questions, each in a conversation of its own. Meant for a fresh process. */
  async measure(request: MeasureRequest, signal: AbortSignal): Promise<Measured> {
    const before = process.memoryUsage.rss();
    // who measures has decided that it runs, and what is looked at beforehand would be measured, too
    await this.#open(request, readFiles(request), { signal }, undefined, request.wide);
    const speed = await this.#time(request);
    const answers: string[] = [];
    for (const { question, picture } of request.questions) {
      // a conversation of its own: what was asked before must not lead the answer
      this.session.reset();
      answers.push(await this.#ask(request, question, picture, signal));
    }
    return { ...speed, peakMemoryBytes: peakSince(before), answers };
  }

  /** A model that computes no numbers says nothing: whoever measures it judges that. */
  async #ask(
    { maxTokens }: MeasureRequest,
    text: string,
    picture: string | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const pictures = picture === undefined ? [] : [picture];
    try {
      const answer = await this.session.send(
        // what was planned for is the largest
        { text, pictures, detail: 'full', maxTokens, temperature: 0, seed: 0 },
        { signal },
      );
      return splitThoughts(answer.text).answer.trim();
    } catch (error) {
      if (hasCode(error, 'INCOHERENT')) return '';
      throw error;
    }
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
    const options = {
      contextTokens: MEASURED_PROMPT_TOKENS + MEASURED_ANSWER_TOKENS + CHAT_BATCH_TOKENS,
      batchTokens: CHAT_BATCH_TOKENS,
      threads: usableThreads(request.threads),
    };
    using inUse = useNative(() => new addon.Chat(model, options));
    const chat = inUse.native;
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
  }

  close(): void {
    this.#session?.[Symbol.dispose]();
    this.#model?.close();
    this.#session = undefined;
    this.#model = undefined;
  }
}

/** What the person should know of the files that were loaded. */
function notesOf(
  vision: VisionModel | undefined,
  warnings: readonly string[],
  kernels: string | undefined,
): string[] {
  const completion = vision && completionNote(vision);
  const ours = [completion, kernels].filter((note) => note !== undefined);
  return [...ours, ...loadNotes(warnings)];
}

/** Both headers, read and checked. */
function readFiles({ modelPath, mmprojPath, imageMaxTokens, contextTokens }: OpenChatRequest): Loading {
  const text = readTextModel(modelPath);
  checkTokens(text.gguf);
  const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (vision) checkEncoderLayout(vision);
  if (vision) checkPair(text, vision);
  const contextHeld = Math.min(contextTokens, text.trainingContextTokens);
  const limits = limitsIn(contextHeld, imageLimits(text, vision, imageMaxTokens));
  return { text, vision, limits, contextTokens: contextHeld };
}

/** Memory at its highest beyond what it was, in bytes. */
function peakSince(before: number): number {
  return Math.max(0, peakResidentBytes() - before);
}
