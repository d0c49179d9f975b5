import type { SendRequest, SentAnswer } from '../contract/chat.ts';
import { CancelledError, isCancelled, SnugError, throwIfCancelled } from '../contract/errors.ts';
import { splitThoughts } from '../contract/thoughts.ts';
import type { ChatWorker } from '../contract/workers/chat.ts';
import type { KeptAnswer, KeptAnswers } from './kept-answers.ts';
import type { TaskQuestion } from './tasks/task.ts';

export type Ask = (question: TaskQuestion) => Promise<SentAnswer>;

export interface TaskRun {
  /** by the questions' ids */
  readonly answers: ReadonlyMap<string, string>;
  /** answers that reached the most tokens they may have */
  readonly cut: number;
  /** what was asked now; the other answers were kept from before */
  readonly asked: number;
  readonly seconds: number;
  /** null where nothing was asked, or nothing answered */
  readonly tokensPerSecond: number | null;
}

/**
 * Asks what has no answer yet, and keeps every answer as it comes: a run that was killed goes on where it was. `withModel`
 * opens the model for the time of the work; it is left alone when every question has its answer.
 * @throws SnugError naming the question that cannot be asked: its picture is broken, or too large for the context
 */
export async function runTask(
  questions: readonly TaskQuestion[],
  kept: KeptAnswers,
  options: {
    withModel: (work: (ask: Ask) => Promise<void>) => Promise<void>;
    signal?: AbortSignal | undefined;
    onProgress?: ((done: number, total: number) => void) | undefined;
  },
): Promise<TaskRun> {
  const { signal, onProgress } = options;
  const answers = await kept.find(questions, signal);
  const missing = questions.filter(({ id }) => !answers.has(id));
  const speed = { seconds: 0, tokens: 0, answerSeconds: 0 };
  const askAll = async (ask: Ask) => {
    const started = performance.now();
    onProgress?.(answers.size, questions.length);
    for (const question of missing) {
      throwIfCancelled(signal);
      const { given, statistics } = await askOne(question, ask);
      await kept.add(question, given);
      answers.set(question.id, given);
      speed.tokens += statistics.answerTokens;
      speed.answerSeconds += statistics.answerSeconds;
      onProgress?.(answers.size, questions.length);
    }
    speed.seconds = (performance.now() - started) / 1000;
  };
  if (missing.length > 0) await options.withModel(askAll);
  return {
    answers: new Map([...answers].map(([id, { answer }]) => [id, answer])),
    cut: [...answers.values()].filter(({ cut }) => cut).length,
    asked: missing.length,
    seconds: speed.seconds,
    tokensPerSecond: speed.answerSeconds > 0 ? speed.tokens / speed.answerSeconds : null,
  };
}

async function askOne(
  question: TaskQuestion,
  ask: Ask,
): Promise<{ given: KeptAnswer; statistics: SentAnswer['statistics'] }> {
  try {
    const { text, reason, statistics } = await ask(question);
    if (reason === 'cancelled') throw new CancelledError();
    // half an answer would be scored as a whole one
    if (reason === 'context') {
      const { contextTokens } = statistics;
      throw new SnugError('CONTEXT_FULL', `its answer does not fit the context of ${contextTokens} tokens`);
    }
    // a scorer reads the answer alone
    return { given: { answer: splitThoughts(text).answer, cut: reason === 'length' }, statistics };
  } catch (error) {
    throw ofQuestion(error, question);
  }
}

const TOO_LONG = {
  advice: 'Let a picture take fewer tokens, or leave the question out of the data.',
  remedies: [{ kind: 'fewer-picture-tokens' }],
} as const;
const KEPT = 'The answers before it are kept for the next run.';

/** The same error with the question it is about. */
function ofQuestion(error: unknown, { id, picture }: TaskQuestion): unknown {
  if (!(error instanceof SnugError) || isCancelled(error)) return error;
  // what is wrong with a picture names it already
  const unnamed = typeof picture === 'string' && error.path !== picture;
  const { advice, remedies } = error.code === 'CONTEXT_FULL' ? TOO_LONG : error;
  return new SnugError(error.code, `question ${id}${unnamed ? ` (${picture})` : ''}: ${error.message}`, {
    advice: advice === undefined ? KEPT : `${advice} ${KEPT}`,
    remedies,
    cause: error,
  });
}

/** Asks the model that is open in a chat worker, greedily, each question in a conversation of its own. */
export function askWorker(
  worker: Pick<ChatWorker, 'restore' | 'send'>,
  options: { maxTokens: number; signal?: AbortSignal | undefined },
): Ask {
  const { maxTokens, signal } = options;
  return async ({ prompt, picture }) => {
    // what was asked before must not lead the answer
    await worker.restore({ systemPrompt: '', turns: [] }, { signal });
    const pictures = picture === undefined ? [] : [picture];
    const request: SendRequest = {
      ...{ text: prompt, pictures, maxTokens, temperature: 0, seed: 0 },
      // scores of two contexts compare only where the pictures are the same
      detail: 'full',
    };
    return worker.send(request, { signal });
  };
}
