import type { Divergence, Quality } from './fit-report.ts';

/**
 * Whether a source knows what it reads at the positions that its compressed models are compared at. One that knows nothing but its
 * vocabulary has that many tokens for its perplexity. One that needs more than half of those bits for what follows, a perplexity above the
 * root of the vocabulary, does not know what it reads: language models have 5 to 30 on text like that of their training, below 100 on most
 * other, and the root lies at 180 for a vocabulary of 32,000 tokens and at 390 for one of 152,000.
 */
export function knowsWhatItReads(perplexity: number, vocabulary: number): boolean {
  return perplexity <= Math.sqrt(vocabulary);
}

const PLACES = [
  ['image', 'about the held-out pictures'],
  ['text', 'on the held-out text'],
] as const;

/** A sentence for each part on which the source did not know what it read; none for what earlier versions measured. */
export function unfamiliarNotes(quality: Pick<Quality, 'image' | 'text'>): string[] {
  return PLACES.flatMap(([kind, place]) => {
    const measured = quality[kind];
    if (measured?.sourceKnows !== false) return [];
    return [
      `The original itself does not know what it reads ${place}: ${reasons(measured)}. A divergence there means little; calibrate on what the model knows.`,
    ];
  });
}

function reasons({ sourcePerplexity, belowChance }: Divergence): string {
  const perplexity =
    sourcePerplexity === null
      ? 'its perplexity is beyond measure'
      : `its perplexity is ${sourcePerplexity.toLocaleString('en', { maximumSignificantDigits: 3 })}`;
  if (belowChance === null) return perplexity;
  return `${perplexity}, and at ${Math.round(belowChance * 100)} % of the positions it gives what follows less than a guess would`;
}
