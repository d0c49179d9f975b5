import { argMax, logSumExp } from './divergence.ts';

/**
 * A source's next-token distribution in 2 KB instead of the 600 KB of Qwen's vocabulary: its likeliest tokens one by one, and
 * the mass of all others together.
 *
 * The KL divergence computed from it is that of the two distributions with the others merged into one token. By the log-sum
 * inequality it is never more than the whole one, and what is missing is that mass times the divergence within the others.
 * With a vocabulary of at most KEPT_TOKENS nothing is missing.
 */
export interface KeptDistribution {
  /** tokens, ascending; at most KEPT_TOKENS */
  readonly tokens: Uint32Array;
  /** ln of their probabilities */
  readonly logProbabilities: Float32Array;
  /** probability of all other tokens together */
  readonly restMass: number;
  /** the token that follows in the text, and ln of its probability */
  readonly next: number;
  readonly nextLogProbability: number;
}

export const KEPT_TOKENS = 256;

/** Keeps the distribution of one row of logits [vocabulary], after which `next` follows. */
export function keepDistribution(logits: Float32Array, next: number): KeptDistribution {
  const count = Math.min(KEPT_TOKENS, logits.length);
  const threshold = Float32Array.from(logits).sort()[logits.length - count] as number;
  const tokens = new Uint32Array(count);
  // of equal ones at the threshold the first, as many as there is room for
  let above = 0;
  for (const logit of logits) if (logit > threshold) above++;
  let equals = count - above;
  let kept = 0;
  logits.forEach((logit, token) => {
    if (logit > threshold || (logit === threshold && equals-- > 0)) tokens[kept++] = token;
  });
  const norm = logSumExp(logits);
  const logProbabilities = Float32Array.from(tokens, (token) => (logits[token] as number) - norm);
  return {
    tokens,
    logProbabilities,
    restMass: Math.exp(logMassOfOthers(logits, tokens) - norm),
    next,
    nextLogProbability: (logits[next] as number) - norm,
  };
}

/** ln Σ exp of the logits of all tokens but these (ascending); −∞ when there are no others. */
function logMassOfOthers(logits: Float32Array, tokens: Uint32Array): number {
  const others = new Float32Array(logits.length - tokens.length);
  let at = 0;
  let from = 0;
  for (const token of tokens) {
    others.set(logits.subarray(from, token), at);
    at += token - from;
    from = token + 1;
  }
  others.set(logits.subarray(from), at);
  return others.length === 0 ? -Infinity : logSumExp(others);
}

/** What one position says of a model beside its source. */
export interface PositionDivergence {
  /** KL divergence source ‖ model in nats; NaN when the model's logits are no numbers */
  readonly kld: number;
  readonly sameTop: boolean;
  /** ln of the probability the model gives to the token that follows */
  readonly nextLogProbability: number;
}

export function compareWithKept(kept: KeptDistribution, logits: Float32Array): PositionDivergence {
  const norm = logSumExp(logits);
  let kld = 0;
  kept.tokens.forEach((token, i) => {
    const logP = kept.logProbabilities[i] as number;
    const p = Math.exp(logP);
    if (p > 0) kld += p * (logP - ((logits[token] as number) - norm));
  });
  if (kept.restMass > 0) {
    kld += kept.restMass * (Math.log(kept.restMass) - (logMassOfOthers(logits, kept.tokens) - norm));
  }
  return {
    // Math.max would hide that logits are no numbers
    kld: kld < 0 ? 0 : kld,
    sameTop: argMax(logits) === kept.tokens[argMax(kept.logProbabilities)],
    nextLogProbability: (logits[kept.next] as number) - norm,
  };
}

const HEADER_BYTES = 12;

/** Bytes of one record in a file: next, ln of its probability, mass of the rest, tokens, ln of their probabilities. */
export function keptBytes(vocabularySize: number): number {
  return HEADER_BYTES + Math.min(KEPT_TOKENS, vocabularySize) * 8;
}

export function encodeKept(kept: KeptDistribution): Uint8Array {
  const count = kept.tokens.length;
  const bytes = new ArrayBuffer(HEADER_BYTES + count * 8);
  new Uint32Array(bytes, 0, 1)[0] = kept.next;
  new Float32Array(bytes, 4, 2).set([kept.nextLogProbability, kept.restMass]);
  new Uint32Array(bytes, HEADER_BYTES, count).set(kept.tokens);
  new Float32Array(bytes, HEADER_BYTES + count * 4, count).set(kept.logProbabilities);
  return new Uint8Array(bytes);
}

/** Reads one record from the start of its own buffer. */
export function decodeKept(bytes: Uint8Array): KeptDistribution {
  const { buffer } = bytes.slice();
  const count = (bytes.length - HEADER_BYTES) / 8;
  const [nextLogProbability, restMass] = new Float32Array(buffer, 4, 2) as unknown as [number, number];
  return {
    next: new Uint32Array(buffer, 0, 1)[0] as number,
    nextLogProbability,
    restMass,
    tokens: new Uint32Array(buffer, HEADER_BYTES, count),
    logProbabilities: new Float32Array(buffer, HEADER_BYTES + count * 4, count),
  };
}
