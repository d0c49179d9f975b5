import type { ChatHistory, OpenChatRequest, SendRequest, SentSize } from '../contract/chat.ts';
import type { ChatOptions, Conversation, Message } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import type { PictureRepository } from '../store/pictures.ts';
import type { LaptopReader } from './laptop.ts';
import type { Library } from './library.ts';
import type { StoredSettings } from './settings.ts';

/** What the process that holds the model is asked, put together from conversations, the library and the settings. */
export class ModelRequests {
  readonly #pictures: PictureRepository;
  readonly #library: Pick<Library, 'usable'>;
  readonly #settings: StoredSettings;
  readonly #laptop: Pick<LaptopReader, 'threads'>;
  /** models that a person wants loaded whatever the memory */
  readonly #anyway = new Set<string>();

  constructor(parts: {
    pictures: PictureRepository;
    library: Pick<Library, 'usable'>;
    settings: StoredSettings;
    laptop: Pick<LaptopReader, 'threads'>;
  }) {
    this.#pictures = parts.pictures;
    this.#library = parts.library;
    this.#settings = parts.settings;
    this.#laptop = parts.laptop;
  }

  async open(conversation: Conversation): Promise<OpenChatRequest> {
    return this.opening(modelOf(conversation), conversation.options);
  }

  /** What a model is opened with; without options as for a new conversation. */
  async opening(
    modelId: string,
    options: Partial<Pick<ChatOptions, 'contextTokens' | 'imageMaxTokens'>> = {},
  ): Promise<OpenChatRequest> {
    const threads = await this.threads();
    const model = this.#library.usable(modelId);
    const { contextTokens = this.#settings.current.contextTokens, imageMaxTokens } = options;
    return {
      modelPath: model.path,
      mmprojPath: model.mmprojPath,
      contextTokens,
      threads,
      gpuLayers: this.#settings.current.gpuLayers ?? undefined,
      imageMaxTokens: imageMaxTokens ?? undefined,
      anyway: this.isLoadedAnyway(model.id),
    };
  }

  loadAnyway(modelId: string): void {
    this.#anyway.add(modelId);
  }

  isLoadedAnyway(modelId: string): boolean {
    return this.#anyway.has(modelId);
  }

  async threads(): Promise<number> {
    const { threads } = this.#settings.current;
    if (threads !== null) return threads;
    return this.#laptop.threads();
  }

  history(conversation: Conversation, thread: readonly Message[]): ChatHistory {
    const turns = thread.flatMap((message, i) => {
      if (!wasSeen(message, thread[i + 1])) return [];
      const sizes = sentSizes(conversation, thread, message);
      const pictures = this.pictures(message).map((file, at) => ({ file, sentAs: sizes?.[at] }));
      return [{ role: message.role, text: message.text, pictures }];
    });
    return { systemPrompt: conversation.options.systemPrompt, turns };
  }

  /** `sentAs`: the sizes of the question's pictures if it was sent before. */
  send(
    { options }: Conversation,
    question: Message,
    { moreDetail, sentAs }: { moreDetail: boolean; sentAs: readonly SentSize[] | undefined },
  ): SendRequest {
    return {
      text: question.text,
      pictures: this.pictures(question),
      detail: moreDetail ? 'more' : 'usual',
      sentAs,
      maxTokens: options.maxTokens,
      temperature: options.temperature,
      seed: Math.floor(Math.random() * 2 ** 31),
    };
  }

  /** The files of a message's pictures. */
  pictures(message: Message): string[] {
    return message.pictures.map(({ hash }) => this.#pictures.path(hash));
  }
}

/** Whether the model sees a message: a question that was refused, and an answer that never began, leave no trace. */
function wasSeen(message: Message, next: Message | undefined): boolean {
  if (message.role === 'assistant') return message.text !== '';
  return !(next?.role === 'assistant' && next.state === 'failed' && next.text === '');
}

/**
 * The sizes at which a question was sent with these pictures, its own as a rule; another model, or another context, scales them anew.
 */
export function sentSizes(
  { modelId, options }: Conversation,
  thread: readonly Message[],
  question: Message,
  hashes: readonly string[] = question.pictures.map(({ hash }) => hash),
): readonly SentSize[] | undefined {
  if (hashes.some((hash, i) => hash !== question.pictures[i]?.hash)) return undefined;
  const answer = thread[thread.findIndex(({ id }) => id === question.id) + 1];
  const sent = answer?.statistics?.sentPictures;
  if (sent?.length !== hashes.length || answer?.modelId !== modelId) return undefined;
  return answer.statistics?.contextTokens === options.contextTokens ? sent : undefined;
}

export function modelOf({ modelId }: Conversation): string {
  if (modelId === null) {
    throw new SnugError('BAD_ARGUMENT', 'this conversation has no model yet', {
      advice: 'Choose a model for it.',
    });
  }
  return modelId;
}

/** Names what a model remembers: the conversation, its system prompt, and every message up to the last. */
export function stateKey({ id, options }: Conversation, thread: readonly Message[]): string {
  return JSON.stringify([id, options.systemPrompt, thread.map((message) => message.id)]);
}
