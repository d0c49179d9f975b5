/** What the chat worker is asked and what it tells on the way. */

export interface OpenChatRequest {
  readonly modelPath: string;
  readonly mmprojPath?: string | undefined;
  readonly contextTokens: number;
  readonly threads: number;
  /** layers that go to a graphics processor, where there is one; none when absent */
  readonly gpuLayers?: number | undefined;
  readonly imageMaxTokens?: number | undefined;
  /** load it also where the memory that is free is too small for it, unless that is hopeless */
  readonly anyway?: boolean | undefined;
}

export interface OpenedChat {
  readonly name: string;
  readonly canSee: boolean;
  readonly contextTokens: number;
  readonly imageMaxTokens: number;
  /** what it takes in memory with its context full and a picture of the largest size, predicted; null where that is not known */
  readonly memoryBytes: number | null;
}

/**
 * How many tokens pictures take: their share of the context as a rule, more of it at the cost of other things, or all that the model
 * takes, so that what does not fit is refused.
 */
export type PictureDetail = 'usual' | 'more' | 'full';

/** A question with pictures. */
export interface PictureQuestion {
  readonly text: string;
  /** files, or the bytes of some (JPEG, PNG …) */
  readonly pictures: readonly (string | Uint8Array)[];
  /** usual when absent */
  readonly detail?: PictureDetail | undefined;
  /** the sizes of all of them when they were sent before; kept where they fit */
  readonly sentAs?: readonly SentSize[] | undefined;
}

/** Pixels of a picture as the encoder gets it. */
export interface SentSize {
  readonly width: number;
  readonly height: number;
}

export interface SentPicture extends SentSize {
  readonly tokens: number;
}

/** A question's pictures once they are scaled to the room that is left. */
export interface PlannedPictures {
  readonly pictures: readonly SentPicture[];
  /** how many of the oldest messages give way to it */
  readonly dropped: number;
}

export interface PicturePlan {
  readonly usual: PlannedPictures;
  readonly more: PlannedPictures;
}

export interface SendRequest extends PictureQuestion {
  readonly maxTokens: number;
  /** 0 is greedy */
  readonly temperature: number;
  readonly seed: number;
  readonly ignoreEnd?: boolean;
}

/** A conversation so far, as the store keeps it. */
export interface ChatHistory {
  /** empty: the model's own */
  readonly systemPrompt: string;
  readonly turns: readonly {
    readonly role: 'user' | 'assistant';
    readonly text: string;
    readonly pictures: readonly { readonly path: string; readonly sentAs?: SentSize | undefined }[];
  }[];
}

export type ChatEvent =
  | { readonly kind: 'loading'; readonly done: number; readonly total: number }
  /** tokens of the prompt that are in the cache */
  | { readonly kind: 'prompt'; readonly done: number; readonly total: number }
  /** a picture goes through the vision encoder; so far are so many tokens in the cache */
  | { readonly kind: 'encoding'; readonly done: number; readonly total: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'note'; readonly text: string };

export interface ChatStatistics {
  readonly promptTokens: number;
  readonly reusedTokens: number;
  readonly encodedImages: number;
  readonly encodeSeconds: number;
  readonly promptSeconds: number;
  readonly answerTokens: number;
  readonly answerSeconds: number;
  readonly contextTokens: number;
}

export interface SentAnswer {
  readonly text: string;
  readonly reason: 'end' | 'length' | 'context' | 'cancelled';
  readonly statistics: ChatStatistics;
  /** the question's pictures as they were sent */
  readonly pictures: readonly SentPicture[];
}

export interface MeasureRequest extends OpenChatRequest {
  readonly questions: readonly { readonly question: string; readonly picture?: string | undefined }[];
  readonly maxTokens: number;
}

/** One question to a model of its own, and what running it took. */
export interface AskedOnce {
  readonly answer: SentAnswer;
  readonly peakMemoryBytes: number;
}

export interface Measured {
  /** memory beyond what the process had before loading, at its highest */
  readonly peakMemoryBytes: number;
  readonly tokensPerSecond: number;
  readonly promptTokensPerSecond: number;
  readonly answers: readonly string[];
}
