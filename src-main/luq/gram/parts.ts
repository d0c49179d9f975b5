import { packBatches } from '../calibrate/calibrate.ts';
import type { PlannedSequence } from '../calibrate/sequences.ts';

/** Whose inputs a gram is the mean of: `heldOut` checks what was made with `train`. Never the set's own held-out part. */
export const GRAM_PARTS = ['train', 'heldOut'] as const;
export type GramPart = (typeof GRAM_PARTS)[number];

const HELD_OUT_EVERY = 4;

/** Every fourth picture sequence and every fourth text; with so few sequences that none is left over, both parts are all of them. */
export function splitSequences(
  sequences: readonly PlannedSequence[],
): Readonly<Record<GramPart, PlannedSequence[]>> {
  const seen = { picture: 0, text: 0 };
  const train: PlannedSequence[] = [];
  const heldOut: PlannedSequence[] = [];
  for (const sequence of sequences) {
    seen[sequence.kind] += 1;
    (seen[sequence.kind] % HELD_OUT_EVERY === 0 ? heldOut : train).push(sequence);
  }
  return train.length > 0 && heldOut.length > 0
    ? { train, heldOut }
    : { train: [...sequences], heldOut: [...sequences] };
}

/** Sequences that run at once, and where their tokens lie among those of all parts, one part after the other. */
export interface GramBatch {
  readonly part: GramPart;
  readonly sequences: readonly PlannedSequence[];
  readonly first: number;
  readonly tokens: number;
}

/** `split`: into what a gram is made with and what checks it; otherwise all of them are held out. */
export function batchesOf(
  sequences: readonly PlannedSequence[],
  batchTokens: number,
  split = true,
): GramBatch[] {
  const parts = split ? splitSequences(sequences) : { train: [], heldOut: sequences };
  let first = 0;
  return GRAM_PARTS.flatMap((part) =>
    packBatches(parts[part], batchTokens).map((batch) => {
      const placed = { part, sequences: batch.sequences, first, tokens: batch.tokens };
      first += batch.tokens;
      return placed;
    }),
  );
}

export function tokensOf(batches: readonly GramBatch[], part?: GramPart): number {
  return batches.reduce((sum, batch) => sum + (part && batch.part !== part ? 0 : batch.tokens), 0);
}

/** What each token counts [tokens]: a text's 1; undefined where all count the same. */
export function weightsOf(
  sequences: readonly PlannedSequence[],
  weightOfPictures: number,
): Float32Array | undefined {
  if (weightOfPictures === 1) return undefined;
  const weights = new Float32Array(sequences.reduce((sum, { tokens }) => sum + tokens, 0)).fill(1);
  let at = 0;
  for (const { imageTokens, tokens } of sequences) {
    for (const { first, count } of imageTokens)
      weights.fill(weightOfPictures, at + first, at + first + count);
    at += tokens;
  }
  return weights;
}
