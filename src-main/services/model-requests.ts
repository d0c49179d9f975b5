import type { ChatHistory, OpenChatRequest, SendRequest } from '../contract/chat.ts';
import type { Conversation, Message } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import type { LaptopService } from '../contract/laptop.ts';
import type { PictureRepository } from '../store/pictures.ts';
import type { Library } from './library.ts';
import type { StoredSettings } from './settings.ts';

/** What the process that holds the model is asked, put together from conversations, the library and the settings. */
export class ModelRequests {
  readonly #pictures: PictureRepository;
  readonly #library: Library;
  readonly #settings: StoredSettings;
  readonly #laptop: LaptopService;
  #threads: number | undefined;

  constructor(parts: {
    pictures: PictureRepository;
    library: Library;
    settings: StoredSettings;
    laptop: LaptopService;
  }) {
    this.#pictures = parts.pictures;
    this.#library = parts.library;
    this.#settings = parts.settings;
    this.#laptop = parts.laptop;
  }

  async open(conversation: Conversation): Promise<OpenChatRequest> {
    const threads = await this.threads();
    const model = this.#library.usable(modelOf(conversation));
    const { contextTokens, imageMaxTokens } = conversation.options;
    return {
      modelPath: model.path,
      mmprojPath: model.mmprojPath,
      contextTokens,
      threads,
      gpuLayers: this.#settings.current.gpuLayers ?? undefined,
      imageMaxTokens: imageMaxTokens ?? undefined,
    };
  }

  async threads(): Promise<number> {
    const { threads } = this.#settings.current;
    if (threads !== null) return threads;
    this.#threads ??= (await this.#laptop.read({})).threads;
    return this.#threads;
  }

  history({ options }: Conversation, thread: readonly Message[]): ChatHistory {
    const turns = thread
      // an answer that never began says nothing, and its question is asked again by what follows
      .filter((message) => message.role === 'user' || message.text !== '')
      .map((message) => ({ role: message.role, text: message.text, pictures: this.pictures(message) }));
    return { systemPrompt: options.systemPrompt, turns };
  }

  send({ options }: Conversation, question: Message): SendRequest & { readonly pictures: readonly string[] } {
    return {
      text: question.text,
      pictures: this.pictures(question),
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
