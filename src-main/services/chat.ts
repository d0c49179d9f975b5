import { randomUUID } from 'node:crypto';
import type { EventBus } from '../api/event-bus.ts';
import type {
  ChatActivity,
  ChatService,
  ComparedAnswer,
  Conversation,
  Message,
  PictureCost,
} from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import type { LaptopService } from '../contract/laptop.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import type { PictureRepository } from '../store/pictures.ts';
import { Answers } from './answers.ts';
import { Comparison } from './compare.ts';
import { NEW_TITLE, type Conversations } from './conversations.ts';
import type { Library } from './library.ts';
import { LoadedModel, type ModelInUse } from './loaded-model.ts';
import { ModelRequests, modelOf } from './model-requests.ts';
import { PictureCosts } from './picture-costs.ts';
import { PicturePace } from './picture-pace.ts';
import type { StoredSettings } from './settings.ts';
import { StreamedAnswer } from './streamed-answer.ts';

const TITLE_LETTERS = 60;

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
  readonly #entry: string;
  readonly #startWorker: StartWorker | undefined;
  readonly #model: LoadedModel;
  readonly #requests: ModelRequests;
  readonly #costs: PictureCosts;
  readonly #answers: Answers;
  #answering: Answering | undefined;
  #comparing: { readonly run: Comparison; readonly ended: Promise<unknown> } | undefined;
  #closed = false;

  constructor(options: {
    conversations: ConversationRepository;
    list: Pick<Conversations, 'changed'>;
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
    this.#events = options.events;
    this.#entry = options.entry;
    this.#startWorker = options.start;
    this.#model = new LoadedModel(options.entry, options.start);
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
      pathOf: (hash) => this.#pictures.path(hash),
      mayLoad: (id) => !this.#comparing && (!this.#answering || this.#answering.conversation.id === id),
      onLoading: (id, event) => {
        if (event) this.#answers.loading(id, event);
        else if (!this.#answering) this.#activity({ conversationId: id, stage: 'idle', share: null });
      },
    });
  }

  send(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
  }): Promise<{ question: Message; answer: Message }> {
    const { conversationId, text, pictures } = argument;
    const before = this.#ready(conversationId);
    for (const hash of pictures) this.#pictures.get(hash);
    const question = this.#conversations.addQuestion(conversationId, { text, pictures: [...pictures] });
    if (before.title === NEW_TITLE && text.trim() !== '') {
      this.#conversations.rename(conversationId, text.trim().replace(/\s+/g, ' ').slice(0, TITLE_LETTERS));
    }
    const conversation = this.#conversations.get(conversationId);
    const answer = this.#conversations.addAnswer(conversationId, this.#whoAnswers(conversation));
    this.#begin(conversation, { thread: conversation.thread, question, answer });
    return Promise.resolve({ question, answer });
  }

  regenerate({ messageId }: { messageId: string }): Promise<Message> {
    const { conversationId, role } = this.#conversations.message(messageId);
    if (role !== 'assistant') throw new SnugError('BAD_ARGUMENT', 'only an answer can be given again');
    const conversation = this.#ready(conversationId);
    const thread = upTo(conversation.thread, messageId);
    const question = thread.at(-1);
    if (question?.role !== 'user') throw new SnugError('BAD_ARGUMENT', 'there is no question to answer');
    const answer = this.#answerInPlaceOf(messageId, conversation);
    this.#begin(conversation, { thread, question, answer });
    return Promise.resolve(answer);
  }

  edit(argument: { messageId: string; text: string }): Promise<{ question: Message; answer: Message }> {
    const { messageId, text } = argument;
    const old = this.#conversations.message(messageId);
    if (old.role !== 'user') throw new SnugError('BAD_ARGUMENT', 'only a question can be edited');
    const conversation = this.#ready(old.conversationId);
    const createdAt = new Date().toISOString();
    const question: Message = { ...old, id: randomUUID(), text, createdAt, replaces: messageId };
    const thread = [...upTo(conversation.thread, messageId), question];
    const answer = this.#answerInPlaceOf(messageId, conversation);
    this.#begin(conversation, { thread, question, answer });
    return Promise.resolve({ question, answer });
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
    pictures: readonly string[];
  }): Promise<readonly PictureCost[]> {
    const conversation = this.#conversations.get(argument.conversationId);
    return this.#costs.of({ conversation, pictures: argument.pictures });
  }

  async compare(argument: Parameters<ChatService['compare']>[0]): Promise<readonly ComparedAnswer[]> {
    const threads = await this.#requests.threads();
    this.#refuseWhileBusy();
    const models = argument.modelIds.map((id) => this.#library.usable(id));
    const pictures = argument.pictures.map((hash) => this.#pictures.path(hash));
    const question = { text: argument.text, pictures, threads, settings: this.#settings.current };
    const run = new Comparison(models, question, (answers) => this.#events.emit('chat.compared', answers));
    this.#costs.giveWay();
    const alone = async (model: ModelInUse) => {
      // two models side by side need no third in memory
      await model.unload();
      return run.run(this.#entry, this.#startWorker);
    };
    const ended = this.#model.use(alone).finally(() => (this.#comparing = undefined));
    this.#comparing = { run, ended: ended.catch(() => undefined) };
    return ended;
  }

  async stopCompare(): Promise<void> {
    this.#comparing?.run.stop();
    await this.#comparing?.ended;
  }

  /** Takes the model out of memory, when it is this one or none is named; throws BUSY while it answers. */
  async unload(modelId?: string): Promise<void> {
    const answers = this.#answering?.conversation.modelId;
    if (this.#comparing || (this.#answering && (modelId === undefined || modelId === answers))) {
      throw new SnugError('BUSY', 'a model is answering', { advice: 'Wait for it to end, or stop it.' });
    }
    // the model in memory is another one
    if (this.#answering) return;
    this.#costs.giveWay();
    await this.#model.use((model) => model.unload());
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
    if (this.#closed) throw new SnugError('BUSY', 'Snug is being closed', { advice: 'Start it again.' });
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
    asked: { thread: readonly Message[]; question: Message; answer: Message },
  ): void {
    const { question, answer } = asked;
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
      .come({ conversation, ...asked, streamed, signal: abort.signal })
      .finally(() => {
        this.#answering = undefined;
        this.#activity({ conversationId, stage: 'idle', share: null });
        this.#list.changed();
      });
    const unkept = () => {
      if (streamed.isKept) return [];
      return question.replaces === undefined ? [streamed.message] : [question, streamed.message];
    };
    this.#answering = { conversation, unkept, abort, ended };
    this.#list.changed();
  }

  #replace(messageId: string, question: Message, answer: Message): void {
    const edited = question.replaces === undefined ? undefined : question;
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
