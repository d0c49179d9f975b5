import { z } from 'zod';
import { binarySchema } from './binary.ts';
import type { ReadOnly } from './read-only.ts';

/** What a chat's process is asked and what it tells on the way. */

export const openChatSchema = z.object({
  modelPath: z.string(),
  mmprojPath: z.string().optional(),
  contextTokens: z.number(),
  threads: z.number(),
  /** layers that go to a graphics processor, where there is one; none when absent */
  gpuLayers: z.number().optional(),
  imageMaxTokens: z.number().optional(),
  /** load it also where the memory that is free is too small for it, unless that is hopeless */
  anyway: z.boolean().optional(),
});
export type OpenChatRequest = ReadOnly<z.infer<typeof openChatSchema>>;

export const openedChatSchema = z.object({
  name: z.string(),
  canSee: z.boolean(),
  contextTokens: z.number(),
  imageMaxTokens: z.number(),
  /** what it takes in memory with its context full and a picture of the largest size, predicted; null where that is not known */
  memoryBytes: z.number().nullable(),
});
export type OpenedChat = ReadOnly<z.infer<typeof openedChatSchema>>;

/** Pixels of a picture as the encoder gets it. */
const sentSizeSchema = z.object({ width: z.number(), height: z.number() });
export type SentSize = ReadOnly<z.infer<typeof sentSizeSchema>>;

const sentPictureSchema = sentSizeSchema.extend({ tokens: z.number() });
export type SentPicture = ReadOnly<z.infer<typeof sentPictureSchema>>;

/**
 * How many tokens pictures take: their share of the context as a rule, more of it at the cost of other things, or all that the model
 * takes, so that what does not fit is refused.
 */
const pictureDetailSchema = z.enum(['usual', 'more', 'full']);
export type PictureDetail = z.infer<typeof pictureDetailSchema>;

/** A question with pictures. */
export const pictureQuestionSchema = z.object({
  text: z.string(),
  /** files, or the bytes of some (JPEG, PNG …) */
  pictures: z.array(z.union([z.string(), binarySchema])),
  /** usual when absent */
  detail: pictureDetailSchema.optional(),
  /** the sizes of all of them when they were sent before; kept where they fit */
  sentAs: z.array(sentSizeSchema).optional(),
  /** nothing of the conversation may give way: what does not fit is refused */
  keepsAll: z.boolean().optional(),
});
export type PictureQuestion = ReadOnly<z.infer<typeof pictureQuestionSchema>>;

/** A question's pictures once they are scaled to the room that is left. */
const scaledPicturesSchema = z.object({
  pictures: z.array(sentPictureSchema),
  /** how many of the oldest messages give way to it */
  dropped: z.number(),
});
export type ScaledPictures = ReadOnly<z.infer<typeof scaledPicturesSchema>>;

export const pictureScalingSchema = z.object({ usual: scaledPicturesSchema, more: scaledPicturesSchema });
export type PictureScaling = ReadOnly<z.infer<typeof pictureScalingSchema>>;

export const sendSchema = pictureQuestionSchema.extend({
  maxTokens: z.number(),
  /** 0 is greedy */
  temperature: z.number(),
  seed: z.number(),
  /** share of probability that words are chosen from; llama.cpp's 0.95 when absent */
  topP: z.number().optional(),
  /** the answer ends before the first of these */
  stop: z.array(z.string()).optional(),
  ignoreEnd: z.boolean().optional(),
});
export type SendRequest = ReadOnly<z.infer<typeof sendSchema>>;

/** A conversation so far, as the store keeps it. */
export const chatHistorySchema = z.object({
  /** empty: the model's own */
  systemPrompt: z.string(),
  turns: z.array(
    z.object({
      role: z.enum(['user', 'assistant']),
      text: z.string(),
      /** files, or the bytes of some */
      pictures: z.array(
        z.object({ file: z.union([z.string(), binarySchema]), sentAs: sentSizeSchema.optional() }),
      ),
    }),
  ),
});
export type ChatHistory = ReadOnly<z.infer<typeof chatHistorySchema>>;

const share = { done: z.number(), total: z.number() };
export const chatEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loading'), ...share }),
  /** tokens of the prompt that are in the cache */
  z.object({ kind: z.literal('prompt'), ...share }),
  /** a picture goes through the vision encoder; so far are so many tokens in the cache */
  z.object({ kind: z.literal('encoding'), ...share }),
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({ kind: z.literal('note'), text: z.string() }),
]);
export type ChatEvent = ReadOnly<z.infer<typeof chatEventSchema>>;

const chatStatisticsSchema = z.object({
  promptTokens: z.number(),
  reusedTokens: z.number(),
  encodedImages: z.number(),
  encodeSeconds: z.number(),
  promptSeconds: z.number(),
  answerTokens: z.number(),
  answerSeconds: z.number(),
  contextTokens: z.number(),
});
export type ChatStatistics = ReadOnly<z.infer<typeof chatStatisticsSchema>>;

export const sentAnswerSchema = z.object({
  text: z.string(),
  reason: z.enum(['end', 'length', 'context', 'cancelled']),
  statistics: chatStatisticsSchema,
  /** the question's pictures as they were sent */
  pictures: z.array(sentPictureSchema),
});
export type SentAnswer = ReadOnly<z.infer<typeof sentAnswerSchema>>;

export const askOnceSchema = openChatSchema.extend({ question: sendSchema });

/** One question to a model of its own, and what running it took. */
export const askedOnceSchema = z.object({ answer: sentAnswerSchema, peakMemoryBytes: z.number() });
export type AskedOnce = ReadOnly<z.infer<typeof askedOnceSchema>>;

export const measureSchema = openChatSchema.extend({
  /** as it was predicted to be loaded (Memory.wide) */
  wide: z.boolean().optional(),
  questions: z.array(z.object({ question: z.string(), picture: z.string().optional() })),
  maxTokens: z.number(),
});
export type MeasureRequest = ReadOnly<z.infer<typeof measureSchema>>;

export const measuredSchema = z.object({
  /** memory beyond what the process had before loading, at its highest */
  peakMemoryBytes: z.number(),
  tokensPerSecond: z.number(),
  promptTokensPerSecond: z.number(),
  answers: z.array(z.string()),
});
export type Measured = ReadOnly<z.infer<typeof measuredSchema>>;
