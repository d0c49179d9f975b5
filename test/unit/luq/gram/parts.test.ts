import { describe, expect, it } from 'vitest';
import { batchesOf, splitSequences, tokensOf, weightsOf } from '../../../../src-main/luq/gram/parts.ts';
import { pictureSequence, textSequence } from '../../../helpers/planned-sequences.ts';

const mixed = [...Array(9).keys()].flatMap((i) => [pictureSequence(100 + i), textSequence(50 + i)]);

describe('the parts of a walk’s sequences', () => {
  it('hold out every fourth picture sequence and every fourth text', () => {
    const { train, heldOut } = splitSequences(mixed);
    expect(heldOut.map(({ name }) => name)).toEqual([
      'picture of 103',
      'text of 53',
      'picture of 107',
      'text of 57',
    ]);
    expect(new Set([...train, ...heldOut])).toEqual(new Set(mixed));
    expect(train).toHaveLength(mixed.length - 4);
  });

  it('are both all sequences where there are too few', () => {
    const few = [pictureSequence(100), textSequence(50)];
    expect(splitSequences(few)).toEqual({ train: few, heldOut: few });
  });

  it('lie one after the other, in batches', () => {
    const batches = batchesOf(mixed, 300);
    let first = 0;
    for (const batch of batches) {
      expect(batch.first).toBe(first);
      expect(batch.tokens).toBeLessThanOrEqual(300);
      first += batch.tokens;
    }
    expect(tokensOf(batches)).toBe(first);
    expect(tokensOf(batches, 'heldOut')).toBe(103 + 53 + 107 + 57);
    const firstHeldOut = batches.findIndex(({ part }) => part === 'heldOut');
    expect(batches.slice(firstHeldOut).every(({ part }) => part === 'heldOut')).toBe(true);
  });

  it('are one where nothing is checked with others', () => {
    const batches = batchesOf(mixed, 300, false);
    expect(tokensOf(batches, 'train')).toBe(0);
    expect(tokensOf(batches, 'heldOut')).toBe(tokensOf(batchesOf(mixed, 300)));
  });

  it('weigh pictures’ tokens and leave the others at one', () => {
    const sequences = [textSequence(3), pictureSequence(6, { first: 1, count: 2 }), textSequence(1)];
    expect(weightsOf(sequences, 0.25)).toEqual(Float32Array.of(1, 1, 1, 1, 0.25, 0.25, 1, 1, 1, 1));
    expect(weightsOf(sequences, 1)).toBeUndefined();
  });
});
