/**
 * Kendall's τ-b between two scorings of the same items: 1 when they rank alike, -1 when reversed, 0 when unrelated.
 * Kendall (1945), with its correction for ties.
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length)
    throw new RangeError(`cannot compare rankings of ${a.length} and ${b.length} items`);
  let concordant = 0;
  let discordant = 0;
  let tiedInA = 0;
  let tiedInB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = i + 1; j < a.length; j++) {
      const inA = Math.sign((a[i] as number) - (a[j] as number));
      const inB = Math.sign((b[i] as number) - (b[j] as number));
      if (inA === 0 && inB === 0) continue;
      if (inA === 0) tiedInA++;
      else if (inB === 0) tiedInB++;
      else if (inA === inB) concordant++;
      else discordant++;
    }
  }
  const pairs = Math.sqrt((concordant + discordant + tiedInA) * (concordant + discordant + tiedInB));
  // two rankings without any order agree; one without an order says nothing about one that has one
  if (pairs === 0) return concordant + discordant + tiedInA + tiedInB === 0 ? 1 : 0;
  return (concordant - discordant) / pairs;
}
