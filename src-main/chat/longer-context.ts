import type { Remedy } from '../contract/remedies.ts';
import { LEAST_OFFERED_CONTEXT_TOKENS } from '../contract/token-limits.ts';

/** Tokens that an answer of some sentences takes. */
const ANSWER_TOKENS = 512;

/**
 * A context that holds what is needed and an answer: a power of two, as far as the model was trained for one; none where that is not
 * enough.
 */
export function longerContext(tokens: {
  /** Infinity where it was not counted */
  readonly needed: number;
  readonly now: number;
  readonly most: number;
}): readonly Remedy[] {
  const wanted = tokens.needed + ANSWER_TOKENS;
  if (wanted > tokens.most) return [];
  let longer = Math.max(LEAST_OFFERED_CONTEXT_TOKENS, tokens.now);
  while (longer < wanted) longer *= 2;
  longer = Math.min(longer, tokens.most);
  return longer > tokens.now ? [{ kind: 'set-context', tokens: longer }] : [];
}
