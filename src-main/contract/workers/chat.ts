import { z } from 'zod';
import {
  askedOnceSchema,
  askOnceSchema,
  chatEventSchema,
  chatHistorySchema,
  measuredSchema,
  measureSchema,
  openChatSchema,
  openedChatSchema,
  pictureScalingSchema,
  pictureQuestionSchema,
  sendSchema,
  sentAnswerSchema,
  type OpenChatRequest,
} from '../chat.ts';
import { defineMethod, defineWorker, type WorkerClient } from './worker-contract.ts';

const modelFiles = ({ modelPath, mmprojPath }: OpenChatRequest) => [modelPath, mmprojPath];

/** The process that holds a loaded model and talks. */
export const chatContract = defineWorker('chat', {
  /** Loads a model, in the place of the one before. Throws DOES_NOT_FIT where there is no room for it. */
  open: defineMethod({
    argument: openChatSchema,
    result: openedChatSchema,
    event: chatEventSchema,
    reads: modelFiles,
    loads: ({ modelPath }) => modelPath,
  }),
  /** Opens a model without its weights: its pictures and words can be counted, and nothing can be asked. */
  openToCount: defineMethod({ argument: openChatSchema, result: openedChatSchema, reads: modelFiles }),
  /** Takes up a conversation where it was left. */
  restore: defineMethod({ argument: chatHistorySchema, result: z.void() }),
  /** What a question's pictures will take beside the conversation so far. */
  scalePictures: defineMethod({ argument: pictureQuestionSchema, result: pictureScalingSchema }),
  /** Asks and streams the answer. Aborting keeps what was answered so far. */
  send: defineMethod({ argument: sendSchema, result: sentAnswerSchema, event: chatEventSchema }),
  /** Opens a model and asks one question. Meant for a fresh process. */
  askOnce: defineMethod({
    argument: askOnceSchema,
    result: askedOnceSchema,
    event: chatEventSchema,
    reads: modelFiles,
  }),
  /** Opens a model, times it and asks it questions, each in a conversation of its own. Meant for a fresh process. */
  measure: defineMethod({ argument: measureSchema, result: measuredSchema, reads: modelFiles }),
});
export type ChatWorker = WorkerClient<typeof chatContract>;
