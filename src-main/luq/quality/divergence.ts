/** log Σ exp of one row of logits, in double precision. */
export function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/** Kullback–Leibler divergence source ‖ other of two next-token distributions given as logits [vocabulary], in nats. */
export function klDivergence(source: Float32Array, other: Float32Array): number {
  if (source.length !== other.length) throw new RangeError('the vocabularies differ');
  const sourceNorm = logSumExp(source);
  const otherNorm = logSumExp(other);
  let divergence = 0;
  for (let i = 0; i < source.length; i++) {
    const logP = (source[i] as number) - sourceNorm;
    const p = Math.exp(logP);
    // p = 0 adds nothing, and 0 · −∞ would add NaN
    if (p > 0) divergence += p * (logP - ((other[i] as number) - otherNorm));
  }
  return Math.max(0, divergence);
}

export function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

/** The value below which `share` (0 to 1) of ascending values lie, interpolated linearly between neighbours. */
export function quantile(ascending: readonly number[], share: number): number {
  const at = (ascending.length - 1) * share;
  const below = ascending[Math.floor(at)] as number;
  const above = ascending[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
