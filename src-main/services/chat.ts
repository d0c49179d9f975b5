import { randomUUID } from 'node:crypto';
import type { EventBus } from './event-bus.ts';
import type {
  ChatActivity,
  ChatService,
  ComparedAnswer,
  ComparedModels,
  Conversation,
  LoadedModelView,
  Message,
  PictureCosts as Costs,
} from '../contract/conversation.ts';
import type { SentSize } from '../contract/chat.ts';
import { SnugError } from '../contract/errors.ts';
import type { LaptopService } from '../contract/laptop.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import type { PictureRepository } from '../store/pictures.ts';
import { Answers } from './answers.ts';
import { titleOfAnswer, titleOfQuestion } from './chat-title.ts';
import { Comparison } from './compare.ts';
import { NEW_TITLE, type Conversations } from './conversations.ts';
import type { Library } from './library.ts';
import { LoadedModel, type ModelInUse } from './loaded-model.ts';
import { ModelRequests, modelOf, sentSizes } from './model-requests.ts';
import { PictureCosts } from './picture-costs.ts';
import { PicturePace } from './picture-pace.ts';
import type { StoredSettings } from './settings.ts';
import { StreamedAnswer } from './streamed-answer.ts';

interface Answering {
  readonly conversation: Conversation;
  /** messages that have no place in the store before the answer's first word */
  readonly unkept: () => readonly Message[];
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Asks the loaded model and stores what it says as it says it. One answer at a time: there is one model in memory. */
export class Chat implements ChatService {
  readonly #conversations: ConversationRepository;
  readonly #list: Pick<Conversations, 'changed'>;
  readonly #pictures: PictureRepository;
  readonly #library: Library;
  readonly #settings: StoredSettings;
  readonly #events: EventBus;
  readonly #startWorker: StartWorker | undefined;
  readonly #model: LoadedModel;
  readonly #requests: ModelRequests;
  readonly #costs: PictureCosts;
  readonly #answers: Answers;
  #answering: Answering | undefined;
  #comparing: { readonly run: Comparison; readonly ended: Promise<unknown> } | undefined;
  /** the last one, running or not */
  #compared: Comparison | undefined;
  #closed = false;

  constructor(options: {
    conversations: ConversationRepository;
    list: Pick<Conversations, 'changed'>;
    pictures: PictureRepository;
    library: Library;
    settings: StoredSettings;
    laptop: LaptopService;
    events: EventBus;
    start?: StartWorker | undefined;
  }) {
    this.#conversations = options.conversations;
    this.#list = options.list;
    this.#pictures = options.pictures;
    this.#library = options.library;
    this.#settings = options.settings;
    this.#events = options.events;
    this.#startWorker = options.start;
    this.#model = new LoadedModel(options.start, (loaded) => this.#events.emit('chat.loaded', loaded));
    this.#requests = new ModelRequests(options);
    const pace = new PicturePace();
    this.#answers = new Answers({
      model: this.#model,
      requests: this.#requests,
      pace,
      activity: (activity) => this.#activity(activity),
    });
    this.#costs = new PictureCosts({
      model: this.#model,
      pace,
      requestFor: (conversation) => this.#requests.open(conversation),
      conversationNow: (id) => this.#conversations.get(id),
      historyOf: (conversation, thread) => this.#requests.history(conversation, thread),
      pathOf: (hash) => this.#pictures.path(hash),
      mayLoad: (id) => !this.#comparing && (!this.#answering || this.#answering.conversation.id === id),
    });
  }

  send(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
    moreDetail?: boolean | undefined;
  }): Promise<{ question: Message; answer: Message }> {
    const { conversationId, text, pictures, moreDetail } = argument;
    const { title } = this.#ready(conversationId);
    for (const hash of pictures) this.#pictures.get(hash);
    const question = this.#conversations.addQuestion(conversationId, { text, pictures: [...pictures] });
    if (title === NEW_TITLE) this.#entitle(conversationId, titleOfQuestion(question));
    const conversation = this.#conversations.get(conversationId);
    const answer = this.#conversations.addAnswer(conversationId, this.#whoAnswers(conversation));
    this.#begin(conversation, { thread: conversation.thread, question, answer, moreDetail });
    return Promise.resolve({ question, answer });
  }

  /** Names a conversation that has no name yet. */
  #entitle(conversationId: string, title: string | undefined): void {
    if (title === undefined || this.#conversations.get(conversationId).title !== NEW_TITLE) return;
    this.#conversations.rename(conversationId, title);
  }

  regenerate({ messageId }: { messageId: string }): Promise<Message> {
    const { conversationId, role } = this.#conversations.message(messageId);
    if (role !== 'assistant') throw new SnugError('BAD_ARGUMENT', 'only an answer can be given again');
    const conversation = this.#ready(conversationId);
    const thread = upTo(conversation.thread, messageId);
    const question = thread.at(-1);
    if (question?.role !== 'user') throw new SnugError('BAD_ARGUMENT', 'there is no question to answer');
    const answer = this.#answerInPlaceOf(messageId, conversation);
    const sentAs = sentSizes(conversation, conversation.thread, question);
    this.#begin(conversation, { thread, question, answer, sentAs });
    return Promise.resolve(answer);
  }

  edit(argument: Parameters<ChatService['edit']>[0]): Promise<{ question: Message; answer: Message }> {
    const { messageId, text, moreDetail } = argument;
    const old = this.#conversations.message(messageId);
    if (old.role !== 'user') throw new SnugError('BAD_ARGUMENT', 'only a question can be edited');
    const conversation = this.#ready(old.conversationId);
    const question: Message = {
      ...old,
      id: randomUUID(),
      text,
      pictures: this.#picturesOf(old, argument.pictures),
      createdAt: new Date().toISOString(),
      replaces: messageId,
      pending: true,
    };
    const thread = [...upTo(conversation.thread, messageId), question];
    const answer = this.#answerInPlaceOf(messageId, conversation);
    const hashes = question.pictures.map(({ hash }) => hash);
    const sentAs =
      moreDetail === true ? undefined : sentSizes(conversation, conversation.thread, old, hashes);
    this.#begin(conversation, { thread, question, answer, moreDetail, sentAs });
    return Promise.resolve({ question, answer });
  }

  /** A question's own pictures keep the names that they were sent with. */
  #picturesOf({ pictures }: Message, hashes: readonly string[] | undefined): Message['pictures'] {
    if (hashes === undefined) return pictures;
    return hashes.map((hash) => pictures.find((one) => one.hash === hash) ?? this.#pictures.get(hash));
  }

  /** An answer that the store does not have yet. */
  #answerInPlaceOf(messageId: string, conversation: Conversation): Message {
    return {
      id: randomUUID(),
      conversationId: conversation.id,
      role: 'assistant',
      text: '',
      pictures: [],
      state: 'streaming',
      error: null,
      ...this.#whoAnswers(conversation),
      statistics: null,
      notes: [],
      createdAt: new Date().toISOString(),
      replaces: messageId,
    };
  }

  async stop({ conversationId }: { conversationId: string }): Promise<void> {
    if (this.#answering?.conversation.id !== conversationId) return;
    this.#answering.abort.abort();
    await this.#answering.ended;
  }

  /** Messages of a conversation that have no place in the store yet: they are on their way to take another's. */
  unkept(conversationId: string): readonly Message[] {
    return this.#answering?.conversation.id === conversationId ? this.#answering.unkept() : [];
  }

  async pictureCosts(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
    editing?: string | undefined;
  }): Promise<Costs | null> {
    const { conversationId, ...question } = argument;
    return this.#costs.of({ conversation: this.#conversations.get(conversationId), ...question });
  }

  async compare(argument: Parameters<ChatService['compare']>[0]): Promise<readonly ComparedAnswer[]> {
    const threads = await this.#requests.threads();
    this.#refuseWhileBusy();
    const models = argument.modelIds.map((id) => this.#library.usable(id));
    const { text } = argument;
    const files = argument.pictures.map((hash) => this.#pictures.path(hash));
    const pictures = argument.pictures.map((hash) => this.#pictures.get(hash));
    const isLoadedAnyway = (id: string) => this.#requests.isLoadedAnyway(id);
    const settings = this.#settings.current;
    const question = { text, pictures, files, threads, settings, isLoadedAnyway };
    const run = new Comparison(models, question, (told) => this.#events.emit('chat.compared', told));
    this.#costs.giveWay();
    const alone = async (model: ModelInUse) => {
      // two models side by side need no third in memory
      await model.unload();
      return run.run(this.#startWorker);
    };
    const ended = this.#model.use(alone).finally(() => {
      this.#comparing = undefined;
      run.end();
    });
    this.#comparing = { run, ended: ended.catch(() => undefined) };
    this.#compared = run;
    this.#events.emit('chat.compared', run.state);
    return ended;
  }

  compared(): Promise<ComparedModels | null> {
    return Promise.resolve(this.#compared?.state ?? null);
  }

  async stopCompare(): Promise<void> {
    this.#comparing?.run.stop();
    await this.#comparing?.ended;
  }

  /** Takes the model out of memory, when it is this one or none is named; throws BUSY while it answers. */
  async free(modelId?: string): Promise<void> {
    const answers = this.#answering?.conversation.modelId;
    if (this.#comparing || (this.#answering && (modelId === undefined || modelId === answers))) {
      throw new SnugError('BUSY', 'a model is answering', { advice: 'Wait for it to end, or stop it.' });
    }
    // the model in memory is another one
    if (this.#answering) return;
    this.#costs.giveWay();
    await this.#model.use((model) => model.unload());
  }

  loaded(): Promise<LoadedModelView | null> {
    return Promise.resolve(this.#model.loaded);
  }

  unload(): Promise<void> {
    return this.free();
  }

  loadAnyway({ modelId }: { modelId: string }): Promise<void> {
    this.#requests.loadAnyway(modelId);
    return Promise.resolve();
  }

  /** Takes the model out of memory unless it is this one: nobody asks it here any more. An answer is not disturbed. */
  async chosen(modelId: string): Promise<void> {
    const { loaded } = this.#model;
    if (!loaded || loaded.path === this.#library.usable(modelId).path) return;
    if (!this.#answering && !this.#comparing) await this.free();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#costs.giveWay();
    this.#comparing?.run.stop();
    this.#answering?.abort.abort();
    await Promise.all([this.#answering?.ended, this.#comparing?.ended]);
    await this.#model.close();
  }

  /** The conversation, when an answer in it can begin now. */
  #ready(conversationId: string): Conversation {
    this.#refuseWhileBusy();
    const conversation = this.#conversations.get(conversationId);
    this.#library.usable(modelOf(conversation));
    return conversation;
  }

  #refuseWhileBusy(): void {
    if (this.#closed) throw new SnugError('BUSY', 'Snug is closing', { advice: 'Start it again.' });
    if (!this.#answering && !this.#comparing) return;
    throw new SnugError('BUSY', 'another answer is still being written', {
      advice: 'Wait for it to end, or stop it.',
    });
  }

  #whoAnswers(conversation: Conversation): { modelId: string; modelName: string } {
    const { id: modelId, name: modelName } = this.#library.usable(modelOf(conversation));
    return { modelId, modelName };
  }

  /** Lets an answer come. One that takes another's place does so with its first word. */
  #begin(
    conversation: Conversation,
    asked: {
      thread: readonly Message[];
      question: Message;
      answer: Message;
      moreDetail?: boolean | undefined;
      sentAs?: readonly SentSize[] | undefined;
    },
  ): void {
    const { question, answer, moreDetail = false, sentAs } = asked;
    const { id: conversationId } = conversation;
    const abort = new AbortController();
    const { replaces } = answer;
    const streamed = new StreamedAnswer(answer, this.#conversations, {
      tell: (changed) => this.#events.emit('chat.message', changed),
      stop: () => abort.abort(),
      begin: replaces === undefined ? undefined : (begun) => this.#replace(replaces, question, begun),
    });
    this.#costs.giveWay(conversationId);
    const ended = this.#answers
      .come({ conversation, ...asked, moreDetail, sentAs, streamed, signal: abort.signal })
      .finally(() => {
        this.#answering = undefined;
        this.#activity({ conversationId, stage: 'idle', share: null });
        if (conversation.title === NEW_TITLE) this.#entitleByAnswer(streamed.message, question);
        this.#list.changed();
      });
    const unkept = () => {
      if (streamed.isKept) return [];
      return question.replaces === undefined ? [streamed.message] : [question, streamed.message];
    };
    this.#answering = { conversation, unkept, abort, ended };
    for (const message of [question, answer]) this.#events.emit('chat.message', message);
    this.#list.changed();
  }

  #entitleByAnswer({ conversationId, text }: Message, { pictures }: Message): void {
    try {
      this.#entitle(conversationId, titleOfAnswer(text) ?? pictures[0]?.name);
    } catch {
      // the conversation was deleted, or the disk is full: it keeps the name it has
    }
  }

  #replace(messageId: string, question: Message, answer: Message): void {
    const { pending, ...kept } = question;
    const edited = pending && kept;
    this.#conversations.replaceFrom(messageId, { question: edited, answer });
    if (edited) this.#events.emit('chat.message', edited);
  }

  #activity(activity: ChatActivity): void {
    this.#events.emit('chat.activity', activity);
  }
}

/** The messages before one. */
function upTo(thread: readonly Message[], messageId: string): readonly Message[] {
  return thread.slice(
    0,
    thread.findIndex(({ id }) => id === messageId),
  );
}
