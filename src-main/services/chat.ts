import type { EventBus } from './event-bus.ts';
import type {
  ChatActivity,
  ChatService,
  SideBySideAnswer,
  SideBySideState,
  Conversation,
  LoadedModelView,
  Message,
  PictureCosts,
} from '../contract/conversation.ts';
import type { SentSize } from '../contract/chat.ts';
import { SnugError } from '../contract/errors.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import type { ConversationRepository } from '../store/conversations.ts';
import type { PictureRepository } from '../store/pictures.ts';
import type { Activity } from './activity.ts';
import { Answers } from './answers.ts';
import { titleOfAnswer, titleOfQuestion } from './chat-title.ts';
import { SideBySide } from './side-by-side.ts';
import { NEW_TITLE, type ConversationList } from './conversation-list.ts';
import type { CurrentAnswer } from './current-answer.ts';
import type { Library } from './library.ts';
import type { LoadedModel } from './loaded-model.ts';
import { modelOf, sentSizes, type ModelRequests } from './model-requests.ts';
import { PictureCounter } from './picture-counter.ts';
import { PicturePace } from './picture-pace.ts';
import { replacingAnswer, replacingQuestion } from './replacing-messages.ts';
import type { StoredSettings } from './settings.ts';
import { StreamedAnswer } from './streamed-answer.ts';

type Asked = Awaited<ReturnType<ChatService['send']>>;

/** Asks the loaded model and stores what it says as it says it. One answer at a time: there is one model in memory. */
export class Chat implements ChatService {
  readonly #conversations: ConversationRepository;
  readonly #list: ConversationList;
  readonly #current: CurrentAnswer;
  readonly #activity: Activity;
  readonly #pictures: PictureRepository;
  readonly #library: Pick<Library, 'usable'>;
  readonly #events: EventBus;
  readonly #model: LoadedModel;
  readonly #requests: ModelRequests;
  readonly #costs: PictureCounter;
  readonly #answers: Answers;
  readonly #sideBySide: SideBySide;
  readonly #keeping: Disposable;
  #closed = false;

  constructor(options: {
    conversations: ConversationRepository;
    list: ConversationList;
    current: CurrentAnswer;
    activity: Activity;
    pictures: PictureRepository;
    library: Pick<Library, 'usable'>;
    settings: StoredSettings;
    /** closed with the chat */
    model: LoadedModel;
    requests: ModelRequests;
    events: EventBus;
    start?: StartWorker | undefined;
  }) {
    const { activity, current, start, events, model, requests } = options;
    this.#conversations = options.conversations;
    this.#list = options.list;
    this.#current = current;
    this.#activity = activity;
    this.#pictures = options.pictures;
    this.#library = options.library;
    this.#events = events;
    const pace = new PicturePace();
    this.#model = model;
    this.#requests = requests;
    this.#answers = new Answers({ model, requests, pace, activity: (told) => this.#tell(told) });
    this.#costs = new PictureCounter({ ...options, model, requests, pace });
    this.#sideBySide = new SideBySide({ ...options, start, model, requests, costs: this.#costs });
    this.#keeping = activity.keep({ release: () => this.#release() });
  }

  async send(argument: Parameters<ChatService['send']>[0]): Promise<Asked> {
    const { conversationId, text, pictures, moreDetail } = argument;
    const { title } = this.#ready(conversationId);
    for (const hash of pictures) this.#pictures.get(hash);
    const question = this.#conversations.addQuestion(conversationId, { text, pictures: [...pictures] });
    if (title === NEW_TITLE) this.#list.entitle(conversationId, titleOfQuestion(question));
    const conversation = this.#conversations.get(conversationId);
    const answer = this.#conversations.addAnswer(conversationId, this.#whoAnswers(conversation));
    this.#begin(conversation, { thread: conversation.thread, question, answer, moreDetail });
    return { question, answer };
  }

  async regenerate({ messageId }: { messageId: string }): Promise<Message> {
    const { conversationId, role } = this.#conversations.message(messageId);
    if (role !== 'assistant') throw new SnugError('BAD_ARGUMENT', 'only an answer can be given again');
    const conversation = this.#ready(conversationId);
    const thread = upTo(conversation.thread, messageId);
    const question = thread.at(-1);
    if (question?.role !== 'user') throw new SnugError('BAD_ARGUMENT', 'there is no question to answer');
    const answer = this.#answerInPlaceOf(messageId, conversation);
    const sentAs = sentSizes(conversation, conversation.thread, question);
    this.#begin(conversation, { thread, question, answer, sentAs });
    return answer;
  }

  async edit(argument: Parameters<ChatService['edit']>[0]): Promise<Asked> {
    const { messageId, text, moreDetail } = argument;
    const old = this.#conversations.message(messageId);
    if (old.role !== 'user') throw new SnugError('BAD_ARGUMENT', 'only a question can be edited');
    const conversation = this.#ready(old.conversationId);
    const pictures = this.#picturesOf(old, argument.pictures);
    const question = replacingQuestion(old, { text, pictures });
    const thread = [...upTo(conversation.thread, messageId), question];
    const answer = this.#answerInPlaceOf(messageId, conversation);
    const hashes = question.pictures.map(({ hash }) => hash);
    const sentAs =
      moreDetail === true ? undefined : sentSizes(conversation, conversation.thread, old, hashes);
    this.#begin(conversation, { thread, question, answer, moreDetail, sentAs });
    return { question, answer };
  }

  /** A question's own pictures keep the names that they were sent with. */
  #picturesOf({ pictures }: Message, hashes: readonly string[] | undefined): Message['pictures'] {
    if (hashes === undefined) return pictures;
    return hashes.map((hash) => pictures.find((one) => one.hash === hash) ?? this.#pictures.get(hash));
  }

  #answerInPlaceOf(messageId: string, conversation: Conversation): Message {
    const who = { conversationId: conversation.id, ...this.#whoAnswers(conversation) };
    return replacingAnswer(messageId, who);
  }

  async stop({ conversationId }: { conversationId: string }): Promise<void> {
    await this.#current.stop(conversationId);
  }

  async pictureCosts(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
    editing?: string | undefined;
  }): Promise<PictureCosts | null> {
    const { conversationId, ...question } = argument;
    return this.#costs.of({ conversation: this.#conversations.get(conversationId), ...question });
  }

  async askSideBySide(
    argument: Parameters<ChatService['askSideBySide']>[0],
  ): Promise<readonly SideBySideAnswer[]> {
    const threads = await this.#requests.threads();
    this.#refuseWhileBusy();
    return this.#sideBySide.ask(argument, threads);
  }

  async sideBySide(): Promise<SideBySideState | null> {
    return this.#sideBySide.state;
  }

  async stopSideBySide(): Promise<void> {
    await this.#sideBySide.stop();
  }

  async loaded(): Promise<LoadedModelView | null> {
    return this.#activity.loaded;
  }

  async unload(): Promise<void> {
    await this.#activity.freeMemory();
  }

  async loadAnyway({ modelId }: { modelId: string }): Promise<void> {
    this.#requests.loadAnyway(modelId);
  }

  async #release(): Promise<void> {
    this.#costs.giveWay();
    await this.#model.use((model) => model.unload());
  }

  /** Stops what is being written, and takes the model out of memory. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#keeping[Symbol.dispose]();
    this.#costs.giveWay();
    await Promise.all([this.#sideBySide.stop(), this.#current.stop()]);
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
    for (const kind of ['answer', 'sideBySide'] as const)
      this.#activity.refuseIfUsed(kind, 'another answer is still being written');
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
    const unkept = () => {
      if (streamed.isKept) return [];
      return question.replaces === undefined ? [streamed.message] : [question, streamed.message];
    };
    const { signal } = abort;
    this.#current.begin(
      { conversationId, modelPath: this.#library.usable(modelOf(conversation)).path, unkept, abort },
      () => this.#answers.come({ conversation, ...asked, moreDetail, sentAs, streamed, signal }),
      () => {
        this.#tell({ conversationId, stage: 'idle', share: null });
        if (conversation.title === NEW_TITLE) this.#entitleByAnswer(streamed.message, question);
        this.#list.changed();
      },
    );
    for (const message of [question, answer]) this.#events.emit('chat.message', message);
    this.#list.changed();
  }

  #entitleByAnswer({ conversationId, text }: Message, { pictures }: Message): void {
    try {
      this.#list.entitle(conversationId, titleOfAnswer(text) ?? pictures[0]?.name);
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

  #tell(activity: ChatActivity): void {
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
