import { z } from 'zod';
import type { ErrorData } from './errors.ts';
import type { ReadOnly } from './read-only.ts';
import { settingsSchema } from './settings.ts';
import { MOST_PICTURE_TOKENS } from './token-limits.ts';

export interface PictureView {
  /** SHA-256 of the file's bytes; the window shows it from `pictures/<hash>` */
  readonly hash: string;
  readonly name: string;
  /** pixels, upright */
  readonly width: number;
  readonly height: number;
}

/** A picture that was just added. */
export interface AddedPicture extends PictureView {
  /** what is to be known of it: only its first frame is kept, … */
  readonly notes: readonly string[];
}

/** Pages of a document to choose from. */
export const documentPagesSchema = z.object({
  /** all that it has */
  pages: z.number(),
  thumbnails: z.array(
    z.object({
      /** from 1 */
      page: z.number(),
      /** `data:`; null for a page that cannot be drawn */
      url: z.string().nullable(),
    }),
  ),
});
export type DocumentPages = ReadOnly<z.infer<typeof documentPagesSchema>>;

export interface AnswerStatistics {
  readonly promptTokens: number;
  readonly reusedTokens: number;
  readonly answerTokens: number;
  readonly encodeSeconds: number;
  readonly promptSeconds: number;
  readonly answerSeconds: number;
  readonly contextTokens: number;
  /** the question's pictures as they were sent, in pixels; absent in answers of an earlier Snug */
  readonly sentPictures?: readonly { readonly width: number; readonly height: number }[];
}

export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly pictures: readonly PictureView[];
  /** of an answer: `streaming` while it comes, `cut` when the app or the model ended before it did */
  readonly state: 'done' | 'streaming' | 'stopped' | 'length' | 'cut' | 'failed';
  readonly error: ErrorData | null;
  /** who answered */
  readonly modelName: string | null;
  readonly modelId: string | null;
  readonly statistics: AnswerStatistics | null;
  readonly notes: readonly string[];
  readonly createdAt: string;
  /**
   * Of an answer that is asked for again, and of an edited question: the message that it takes the place of, together with all that came
   * after it. It does so with the answer's first word; an answer that ends without one takes nobody's place and is not kept.
   */
  readonly replaces?: string;
  /** Of an edited question that does not have that place yet. */
  readonly pending?: true;
}

export interface ChatOptions {
  readonly systemPrompt: string;
  /** 0 is greedy */
  readonly temperature: number;
  readonly contextTokens: number;
  readonly maxTokens: number;
  /** a smaller limit than the model's own; null is the model's */
  readonly imageMaxTokens: number | null;
}

export interface ConversationSummary {
  readonly id: string;
  readonly title: string;
  readonly modelId: string | null;
  readonly updatedAt: string;
  readonly messages: number;
}

export interface Conversation extends ConversationSummary {
  readonly options: ChatOptions;
  readonly thread: readonly Message[];
}

export interface SearchHit {
  readonly conversationId: string;
  readonly title: string;
  /** where the best match is: words of a message, the name of a picture that it has, or the title alone */
  readonly in: 'title' | 'message' | 'picture';
  /** the message of the best match; null: the title alone matched */
  readonly messageId: string | null;
  /** the words around the best match; what matched stands between U+0002 and U+0003 */
  readonly excerpt: string;
  /** messages that match */
  readonly matches: number;
}

/** What a question's pictures will cost once they are scaled to the room that is left. */
export interface PictureCost {
  readonly pictures: readonly { readonly hash: string; readonly tokens: number }[];
  /** of all together */
  readonly tokens: number;
  /** share of the context they take, 0 to 1 */
  readonly contextShare: number;
  /** from what encoding and reading took here before; null before the first */
  readonly seconds: number | null;
  /** how many of the oldest messages the model will no longer see */
  readonly dropped: number;
}

export interface PictureCosts {
  readonly usual: PictureCost;
  /** with more detail; null where there is no more to be had */
  readonly more: PictureCost | null;
}

/** The model that is in memory. */
export interface LoadedModelView {
  readonly path: string;
  /** weights, vision file, context and scratch, as predicted; null where that is not known */
  readonly memoryBytes: number | null;
}

/** Conversations as they are kept. */
export interface ConversationService {
  list(argument: Record<string, never>): Promise<readonly ConversationSummary[]>;
  get(argument: { id: string }): Promise<Conversation>;
  create(argument: { modelId?: string | undefined }): Promise<Conversation>;
  rename(argument: { id: string; title: string }): Promise<ConversationSummary>;
  setModel(argument: { id: string; modelId: string }): Promise<Conversation>;
  setOptions(argument: { id: string; options: ChatOptions }): Promise<Conversation>;
  /** Hides it; it is deleted for good when the app next starts. */
  remove(argument: { id: string }): Promise<void>;
  restore(argument: { id: string }): Promise<ConversationSummary>;
  /** Conversations that have the words in their title, a message or the name of a picture, best first. */
  search(argument: { query: string }): Promise<readonly SearchHit[]>;
  export(argument: {
    id: string;
    format: 'markdown' | 'json';
  }): Promise<{ fileName: string; content: string }>;
}

/**
 * Asking the model. Questions and answers arrive as `chat.message` events in every window, an answer whole each time it grows; an edited
 * question when it is asked (`pending`), and again once it is kept.
 */
export interface ChatService {
  /** Stores the question and starts the answer; returns once both have a place in the thread. */
  send(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
    /** lets the pictures take more of the context than usual */
    moreDetail?: boolean | undefined;
  }): Promise<{ question: Message; answer: Message }>;
  /** Answers the same question again; the new answer takes the earlier one's place with its first word. */
  regenerate(argument: { messageId: string }): Promise<Message>;
  /** Asks another question in a question's place; it and what came after it stay until the answer has its first word. */
  edit(argument: {
    messageId: string;
    text: string;
    /** the question's own when absent */
    pictures?: readonly string[] | undefined;
    moreDetail?: boolean | undefined;
  }): Promise<{ question: Message; answer: Message }>;
  stop(argument: { conversationId: string }): Promise<void>;
  /** Tokens and time of a question's pictures with the conversation's model; null while another conversation has the model in memory. */
  pictureCosts(argument: {
    conversationId: string;
    text: string;
    pictures: readonly string[];
    /** the question whose place it is to take */
    editing?: string | undefined;
  }): Promise<PictureCosts | null>;
  /** Asks two models the same, one after the other, in no conversation; `chat.sideBySide` events tell every window how far it is. */
  askSideBySide(argument: {
    modelIds: readonly [string, string];
    text: string;
    pictures: readonly string[];
  }): Promise<readonly SideBySideAnswer[]>;
  /** What two models are being asked, or were asked last since Snug was started, for a window that opens meanwhile. */
  sideBySide(argument: Record<string, never>): Promise<SideBySideState | null>;
  /** Ends it; what was said until then is the result. */
  stopSideBySide(argument: Record<string, never>): Promise<void>;
  /** The model in memory; `chat.loaded` tells when it is another. */
  loaded(argument: Record<string, never>): Promise<LoadedModelView | null>;
  /** Takes the model out of memory; throws BUSY while it answers. */
  unload(argument: Record<string, never>): Promise<void>;
  /** From now on this model is loaded also where the free memory is too small for it. */
  loadAnyway(argument: { modelId: string }): Promise<void>;
}

export interface SideBySideAnswer {
  readonly modelId: string;
  readonly modelName: string;
  readonly stage: 'waiting' | 'loading' | 'reading' | 'answering' | 'done' | 'stopped';
  readonly text: string;
  readonly error: ErrorData | null;
  /** once it has ended */
  readonly statistics: AnswerStatistics | null;
  readonly peakMemoryBytes: number | null;
}

/** One question to two models, and what they have said so far. */
export interface SideBySideState {
  readonly question: { readonly text: string; readonly pictures: readonly PictureView[] };
  readonly answers: readonly SideBySideAnswer[];
  readonly running: boolean;
}

/** What the model is doing before words come. */
export interface ChatActivity {
  readonly conversationId: string;
  readonly stage: 'loading' | 'encoding' | 'reading' | 'answering' | 'idle';
  /** of the stage, 0 to 1; null when it can't be known */
  readonly share: number | null;
}

/** Most pictures in one message, and most letters; beyond both a context is full anyway. */
export const MOST_PICTURES = 16;
/** Most thumbnails of a document's pages at once. */
export const MOST_THUMBNAILS = 12;
export const MOST_LETTERS = 200_000;

const id = z.string().min(1).max(64);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string().max(MOST_LETTERS);
const pictures = z.array(hash).max(MOST_PICTURES);
const moreDetail = z.boolean().optional();
const options = settingsSchema
  .pick({ systemPrompt: true, temperature: true, contextTokens: true, maxTokens: true })
  .extend({ imageMaxTokens: z.int().positive().max(MOST_PICTURE_TOKENS).nullable() });

/** Which page of a document becomes a picture, from 1. */
export const pageSchema = z.int().min(1).max(100_000);

export const conversationArguments = {
  list: z.strictObject({}),
  get: z.strictObject({ id }),
  create: z.strictObject({ modelId: id.optional() }),
  rename: z.strictObject({ id, title: z.string().trim().min(1).max(200) }),
  setModel: z.strictObject({ id, modelId: id }),
  setOptions: z.strictObject({ id, options }),
  remove: z.strictObject({ id }),
  restore: z.strictObject({ id }),
  search: z.strictObject({ query: z.string().max(500) }),
  export: z.strictObject({ id, format: z.enum(['markdown', 'json']) }),
};

export const chatArguments = {
  send: z.strictObject({ conversationId: id, text, pictures, moreDetail }),
  regenerate: z.strictObject({ messageId: id }),
  edit: z.strictObject({ messageId: id, text, pictures: pictures.optional(), moreDetail }),
  stop: z.strictObject({ conversationId: id }),
  pictureCosts: z.strictObject({ conversationId: id, text, pictures, editing: id.optional() }),
  askSideBySide: z.strictObject({ modelIds: z.tuple([id, id]), text, pictures }),
  sideBySide: z.strictObject({}),
  stopSideBySide: z.strictObject({}),
  loaded: z.strictObject({}),
  unload: z.strictObject({}),
  loadAnyway: z.strictObject({ modelId: id }),
};
