import type { EventBus } from '../api/event-bus.ts';
import type { ChatEvent, ChatHistory, OpenChatRequest, SentAnswer } from '../contract/chat.ts';
import type {
  ChatActivity,
  ChatService,
  ComparedAnswer,
  Conversation,
  Message,
  PictureCost,
} from '../contract/conversation.ts';
import { SnugError, isCancelled, toErrorData } from '../contract/errors.ts';
import type { LaptopService } from '../contract/laptop.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import type { PictureRepository } from '../store/pictures.ts';
import { Comparison } from './compare.ts';
import { NEW_TITLE, type Conversations } from './conversations.ts';
import type { Library } from './library.ts';
import { LoadedModel } from './loaded-model.ts';
import type { StoredSettings } from './settings.ts';
import { PicturePace } from './picture-pace.ts';
import { StreamedAnswer } from './streamed-answer.ts';

const TITLE_LETTERS = 60;

interface Answering {
  readonly conversationId: string;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Asks the loaded model and stores what it says as it says it. One answer at a time: there is one model in memory. */
export class Chat implements ChatService {
  readonly #conversations: ConversationRepository;
  readonly #list: Conversations;
  readonly #pictures: PictureRepository;
  readonly #library: Library;
  readonly #settings: StoredSettings;
  readonly #laptop: LaptopService;
  readonly #events: EventBus;
  readonly #entry: string;
  readonly #startWorker: StartWorker | undefined;
  readonly #model: LoadedModel;
  #answering: Answering | undefined;
  #threads: number | undefined;
  #comparing: { readonly run: Comparison; readonly ended: Promise<unknown> } | undefined;
  readonly #pace = new PicturePace();

  constructor(options: {
    conversations: ConversationRepository;
    list: Conversations;
    pictures: PictureRepository;
    library: Library;
    settings: StoredSettings;
    laptop: LaptopService;
    events: EventBus;
    entry: string;
    start?: StartWorker | undefined;
  }) {
    this.#conversations = options.conversations;
    this.#list = options.list;
    this.#pictures = options.pictures;
    this.#library = options.library;
    this.#settings = options.settings;
    this.#laptop = options.laptop;
    this.#events = options.events;
    this.#entry = options.entry;
    this.#startWorker = options.start;
    this.#model = new LoadedModel(options.entry, options.start);
  }

  send(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
  }): Promise<{ question: Message; answer: Message }> {
    const { conversationId, text, pictures } = argument;
    const conversation = this.#ready(conversationId);
    for (const hash of pictures) this.#pictures.get(hash);
    const question = this.#conversations.addQuestion(conversationId, { text, pictures: [...pictures] });
    if (conversation.title === NEW_TITLE && text.trim() !== '') {
      this.#conversations.rename(conversationId, text.trim().replace(/\s+/g, ' ').slice(0, TITLE_LETTERS));
    }
    return Promise.resolve({ question, answer: this.#answer(conversationId) });
  }

  regenerate({ messageId }: { messageId: string }): Promise<Message> {
    const { conversationId, role } = this.#conversations.message(messageId);
    if (role !== 'assistant') throw new SnugError('BAD_ARGUMENT', 'only an answer can be given again');
    this.#ready(conversationId);
    this.#conversations.deleteAfter(messageId, { inclusive: true });
    return Promise.resolve(this.#answer(conversationId));
  }

  edit({
    messageId,
    text,
  }: {
    messageId: string;
    text: string;
  }): Promise<{ question: Message; answer: Message }> {
    const { conversationId, role } = this.#conversations.message(messageId);
    if (role !== 'user') throw new SnugError('BAD_ARGUMENT', 'only a question can be edited');
    this.#ready(conversationId);
    this.#conversations.deleteAfter(messageId, { inclusive: false });
    this.#conversations.setText(messageId, text);
    const question = this.#conversations.message(messageId);
    return Promise.resolve({ question, answer: this.#answer(conversationId) });
  }

  async stop({ conversationId }: { conversationId: string }): Promise<void> {
    if (this.#answering?.conversationId !== conversationId) return;
    this.#answering.abort.abort();
    await this.#answering.ended;
  }

  async pictureCosts(argument: {
    conversationId: string;
    pictures: readonly string[];
  }): Promise<readonly PictureCost[]> {
    const conversation = this.#conversations.get(argument.conversationId);
    // while an answer comes, the loaded model is that conversation's; another one is not loaded over it
    if (this.#comparing) return [];
    if (this.#answering && this.#answering.conversationId !== argument.conversationId) return [];
    const request = await this.#openRequest(conversation);
    const { contextTokens } = await this.#model.open(request, (event) =>
      this.#loading(conversation.id, event),
    );
    if (!this.#answering) this.#activity({ conversationId: conversation.id, stage: 'idle', share: null });
    return Promise.all(
      argument.pictures.map(async (hash): Promise<PictureCost> => {
        const tokens = await this.#model.pictureTokens(this.#pictures.path(hash));
        const seconds = this.#pace.seconds(request.modelPath, tokens);
        return { hash, tokens, contextShare: tokens / contextTokens, seconds };
      }),
    );
  }

  async compare(argument: Parameters<ChatService['compare']>[0]): Promise<readonly ComparedAnswer[]> {
    const threads = await this.#threadCount();
    this.#refuseWhileBusy();
    const models = argument.modelIds.map((id) => this.#library.usable(id));
    const pictures = argument.pictures.map((hash) => this.#pictures.path(hash));
    const question = { text: argument.text, pictures, threads, settings: this.#settings.current };
    const run = new Comparison(models, question, (answers) => this.#events.emit('chat.compared', answers));
    const ended = (async () => {
      // two models side by side need no third in memory
      await this.#model.close();
      return run.run(this.#entry, this.#startWorker);
    })().finally(() => (this.#comparing = undefined));
    this.#comparing = { run, ended };
    return ended;
  }

  async stopCompare(): Promise<void> {
    this.#comparing?.run.stop();
    await this.#comparing?.ended;
  }

  async close(): Promise<void> {
    this.#answering?.abort.abort();
    await this.#answering?.ended;
    await this.stopCompare();
    await this.#model.close();
  }

  /** The conversation, when an answer in it can begin now. */
  #ready(conversationId: string): Conversation {
    this.#refuseWhileBusy();
    const conversation = this.#conversations.get(conversationId);
    this.#library.usable(modelOf(conversation));
    return conversation;
  }

  /** Whether a model is answering. */
  get isBusy(): boolean {
    return this.#answering !== undefined || this.#comparing !== undefined;
  }

  #refuseWhileBusy(): void {
    if (this.isBusy) throw busy();
  }

  /** Gives the answer its place in the thread and lets it come. */
  #answer(conversationId: string): Message {
    const conversation = this.#conversations.get(conversationId);
    const { id: modelId, name: modelName } = this.#library.usable(modelOf(conversation));
    const message = this.#conversations.addAnswer(conversationId, { modelId, modelName });
    const abort = new AbortController();
    const streamed = new StreamedAnswer(message, this.#conversations, {
      tell: (changed) => this.#events.emit('chat.message', changed),
      stop: () => abort.abort(),
    });
    const ended = this.#run(conversation, streamed, abort.signal).finally(() => {
      this.#answering = undefined;
      this.#activity({ conversationId, stage: 'idle', share: null });
      this.#list.changed();
    });
    this.#answering = { conversationId, abort, ended };
    this.#list.changed();
    return message;
  }

  async #run(conversation: Conversation, streamed: StreamedAnswer, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#ask(conversation, streamed, signal);
      streamed.finish(answer);
    } catch (error) {
      if (isCancelled(error)) streamed.stopped();
      else streamed.failed(toErrorData(error));
    }
  }

  async #ask(conversation: Conversation, streamed: StreamedAnswer, signal: AbortSignal): Promise<SentAnswer> {
    const { thread, options, id } = conversation;
    const question = thread.at(-1);
    if (question?.role !== 'user') throw new SnugError('BUG', 'there is no question to answer');
    this.#activity({ conversationId: id, stage: 'loading', share: null });
    const request = await this.#openRequest(conversation);
    await this.#model.open(request, (event) => this.#loading(id, event), signal);
    const before = thread.slice(0, -1);
    await this.#model.remember(stateKey(conversation, before), () => this.#history(conversation, before));
    const pictures = question.pictures.map(({ hash }) => this.#pictures.path(hash));
    this.#activity({ conversationId: id, stage: 'reading', share: null });
    const answer = await this.#model.send(
      {
        text: question.text,
        pictures,
        maxTokens: options.maxTokens,
        temperature: options.temperature,
        seed: Math.floor(Math.random() * 2 ** 31),
      },
      stateKey(conversation, [...thread, streamed.message]),
      { signal, onEvent: (event) => this.#heard(id, streamed, event) },
    );
    await this.#learnPace(request.modelPath, pictures, answer);
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

  #loading(conversationId: string, event: ChatEvent): void {
    if (event.kind !== 'loading') return;
    this.#activity({
      conversationId,
      stage: 'loading',
      share: event.total > 0 ? event.done / event.total : null,
    });
  }

  #activity(activity: ChatActivity): void {
    this.#events.emit('chat.activity', activity);
  }

  #history({ options }: Conversation, thread: readonly Message[]): ChatHistory {
    const turns = thread
      // an answer that never began says nothing, and its question is asked again by what follows
      .filter((message) => message.role === 'user' || message.text !== '')
      .map(({ role, text, pictures }) => ({
        role,
        text,
        pictures: pictures.map(({ hash }) => this.#pictures.path(hash)),
      }));
    return { systemPrompt: options.systemPrompt, turns };
  }

  async #openRequest(conversation: Conversation): Promise<OpenChatRequest> {
    const model = this.#library.usable(modelOf(conversation));
    const { contextTokens, imageMaxTokens } = conversation.options;
    return {
      modelPath: model.path,
      mmprojPath: model.mmprojPath,
      contextTokens,
      threads: await this.#threadCount(),
      gpuLayers: this.#settings.current.gpuLayers ?? undefined,
      imageMaxTokens: imageMaxTokens ?? undefined,
    };
  }

  async #threadCount(): Promise<number> {
    const { threads } = this.#settings.current;
    if (threads !== null) return threads;
    this.#threads ??= (await this.#laptop.read({})).threads;
    return this.#threads;
  }

  async #learnPace(modelPath: string, pictures: readonly string[], answer: SentAnswer): Promise<void> {
    // what was remembered took no time
    if (answer.statistics.encodedImages < pictures.length) return;
    const tokens = await Promise.all(pictures.map((path) => this.#model.pictureTokens(path)));
    this.#pace.learn(
      modelPath,
      tokens.reduce((all, one) => all + one, 0),
      answer,
    );
  }
}

function busy(): SnugError {
  return new SnugError('BUSY', 'another answer is still being written', {
    advice: 'Wait for it to end, or stop it.',
  });
}

function modelOf({ modelId }: Conversation): string {
  if (modelId === null) {
    throw new SnugError('BAD_ARGUMENT', 'this conversation has no model yet', {
      advice: 'Choose a model for it.',
    });
  }
  return modelId;
}

/** Names what a model remembers: the conversation, its system prompt, and every message up to the last. */
function stateKey({ id, options }: Conversation, thread: readonly Message[]): string {
  return JSON.stringify([id, options.systemPrompt, thread.map((message) => message.id)]);
}
