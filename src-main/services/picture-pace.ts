import type { SentAnswer } from '../contract/chat.ts';

/** How long a picture takes here, learnt from the answers that encoded some; by model. */
export class PicturePace {
  readonly #secondsPerToken = new Map<string, number>();

  /** Seconds to encode and read `tokens` of a picture; null until one was seen with this model. */
  seconds(modelPath: string, tokens: number): number | null {
    const pace = this.#secondsPerToken.get(modelPath);
    return pace === undefined ? null : pace * tokens;
  }

  /** `tokens`: of all the answer's pictures together. */
  learn(modelPath: string, tokens: number, { statistics }: SentAnswer): void {
    if (tokens <= 0) return;
    const read = statistics.promptTokens - statistics.reusedTokens;
    const seconds = statistics.encodeSeconds + (statistics.promptSeconds * tokens) / Math.max(tokens, read);
    this.#secondsPerToken.set(modelPath, seconds / tokens);
  }
}
