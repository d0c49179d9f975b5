import type { PlannedSequence } from '../../src-main/luq/calibrate/sequences.ts';

/** A picture sequence: some words, the picture, some words, and an answer at the end. */
export function pictureSequence(tokens: number, image = { first: 2, count: tokens - 6 }): PlannedSequence {
  return {
    kind: 'picture',
    name: `picture of ${tokens}`,
    tokens,
    imageTokens: [image],
    ids: new Int32Array(tokens),
    answer: { first: tokens - 3, count: 2 },
    prepare: () => Promise.resolve({ tokens: new Int32Array(tokens) }),
  };
}

export function textSequence(tokens: number): PlannedSequence {
  return {
    kind: 'text',
    name: `text of ${tokens}`,
    tokens,
    imageTokens: [],
    ids: new Int32Array(tokens),
    answer: { first: 0, count: tokens - 1 },
    prepare: () => Promise.resolve({ tokens: new Int32Array(tokens) }),
  };
}
