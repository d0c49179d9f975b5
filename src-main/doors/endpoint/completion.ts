import { randomUUID } from 'node:crypto';
import type { SentAnswer } from '../../contract/chat.ts';
import { splitThoughts } from '../../contract/thoughts.ts';
import type { SaidPiece } from './thought-stream.ts';

/** Answers in the forms of https://platform.openai.com/docs/api-reference/chat/object and …/chat-streaming. */

type FinishReason = 'stop' | 'length';

const FINISH: Readonly<Record<SentAnswer['reason'], FinishReason>> = {
  end: 'stop',
  length: 'length',
  context: 'length',
  cancelled: 'stop',
};

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

function usageOf({ statistics }: SentAnswer): Usage {
  const { promptTokens, answerTokens, reusedTokens } = statistics;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: answerTokens,
    total_tokens: promptTokens + answerTokens,
    prompt_tokens_details: { cached_tokens: reusedTokens },
  };
}

/** One answer under its number, whole or in pieces. */
export class Completion {
  readonly #id = `chatcmpl-${randomUUID()}`;
  readonly #created = Math.floor(Date.now() / 1000);
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }

  #frame<Kind extends string>(object: Kind) {
    return { id: this.#id, object, created: this.#created, model: this.#model };
  }

  whole(answer: SentAnswer) {
    const { thoughts, answer: content } = splitThoughts(answer.text);
    // thoughts under the name that llama-server gives them
    const reasoning = thoughts === '' ? {} : { reasoning_content: thoughts };
    return {
      ...this.#frame('chat.completion'),
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content, refusal: null, ...reasoning },
          logprobs: null,
          finish_reason: FINISH[answer.reason],
        },
      ],
      usage: usageOf(answer),
    };
  }

  beginning() {
    return this.#chunk({ role: 'assistant', content: '' }, null);
  }

  piece({ thoughts, answer }: SaidPiece) {
    return this.#chunk(
      {
        ...(thoughts === '' ? {} : { reasoning_content: thoughts }),
        ...(answer === '' ? {} : { content: answer }),
      },
      null,
    );
  }

  end({ reason }: SentAnswer) {
    return this.#chunk({}, FINISH[reason]);
  }

  usage(answer: SentAnswer) {
    return { ...this.#frame('chat.completion.chunk'), choices: [], usage: usageOf(answer) };
  }

  #chunk(delta: Readonly<Record<string, string>>, finish: FinishReason | null) {
    const choice = { index: 0, delta, logprobs: null, finish_reason: finish };
    return { ...this.#frame('chat.completion.chunk'), choices: [choice] };
  }
}
