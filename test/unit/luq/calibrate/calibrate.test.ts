import { describe, expect, it } from 'vitest';
import {
  packBatches,
  planSample,
  selectSequences,
  type CalibrationSelection,
} from '../../../../src-main/luq/calibrate/calibrate.ts';
import type { PlannedSequence } from '../../../../src-main/luq/calibrate/sequences.ts';
import { pictureSequence, textSequence } from '../../../helpers/planned-sequences.ts';
import { thrown } from '../../../helpers/thrown.ts';

const LONGEST = 80;
const pictures = Array.from({ length: 60 }, (_, i) => pictureSequence(20 + (i % 61)));
const texts = Array.from({ length: 60 }, () => textSequence(64));
const all = [...pictures, ...texts];
const tokensOf = (sequences: readonly PlannedSequence[]) =>
  sequences.reduce((sum, sequence) => sum + sequence.tokens, 0);

describe('the choice of sequences', () => {
  it.each([0, 0.25, 0.5, 0.8, 1])('honours alpha %d to within one sequence', (alpha) => {
    const tokens = 1500;
    const selection = selectSequences(all, { alpha, tokens, seed: 1 });
    const fromPictures = tokensOf(selection.sequences.filter(({ kind }) => kind === 'picture'));
    expect(fromPictures).toBeGreaterThanOrEqual(alpha * tokens);
    expect(fromPictures).toBeLessThan(alpha * tokens + LONGEST);
    const fromTexts = selection.tokens - fromPictures;
    expect(fromTexts).toBeGreaterThanOrEqual((1 - alpha) * tokens);
    expect(fromTexts).toBeLessThan((1 - alpha) * tokens + LONGEST);
    expect(selection.pictureShare).toBe(fromPictures / selection.tokens);
  });

  it('keeps the share when the set has too few pictures, with fewer texts', () => {
    const few = [...pictures.slice(0, 4), ...texts];
    const selection = selectSequences(few, { alpha: 0.5, tokens: 3000, seed: 1 });
    const fromPictures = tokensOf(pictures.slice(0, 4));
    expect(selection.sequences.filter(({ kind }) => kind === 'picture')).toHaveLength(4);
    expect(selection.tokens - fromPictures).toBeLessThan(fromPictures + LONGEST);
  });

  it('takes each sequence at most once, and everything when there is room', () => {
    const selection = selectSequences(all, {
      alpha: tokensOf(pictures) / tokensOf(all),
      tokens: 1e9,
      seed: 4,
    });
    expect(new Set(selection.sequences).size).toBe(selection.sequences.length);
    expect(selection.tokens).toBe(tokensOf(selection.sequences));
    expect(selection.sequences.length).toBeGreaterThanOrEqual(all.length - 1);
  });

  it('mixes pictures and texts, and differs with the seed only', () => {
    const choose = (seed: number) => selectSequences(all, { alpha: 0.5, tokens: 1500, seed }).sequences;
    expect(choose(1)).toEqual(choose(1));
    expect(choose(1)).not.toEqual(choose(2));
    const kinds = choose(1).map(({ kind }) => kind);
    expect(kinds.indexOf('text')).toBeLessThan(kinds.lastIndexOf('picture'));
    expect(kinds.indexOf('picture')).toBeLessThan(kinds.lastIndexOf('text'));
  });

  it('is text alone for a model that cannot see, whatever alpha', () => {
    const selection = selectSequences(texts, { alpha: 1, tokens: 640, seed: 1 });
    expect(selection).toMatchObject({ tokens: 640, imageTokens: 0, pictureShare: 0 });
  });

  it('counts the tokens of the pictures themselves', () => {
    const selection = selectSequences([pictureSequence(30), textSequence(30)], {
      alpha: 0.5,
      tokens: 60,
      seed: 1,
    });
    expect(selection).toMatchObject({ tokens: 60, imageTokens: 24, pictureShare: 0.5 });
  });

  it.each([-0.1, 1.1, Number.NaN, Infinity])('refuses alpha %d', (alpha) => {
    expect(thrown(() => selectSequences(all, { alpha, tokens: 100, seed: 1 })).code).toBe('BAD_ARGUMENT');
  });

  it('of an empty set is refused', () => {
    expect(thrown(() => selectSequences([], { alpha: 0.5, tokens: 100, seed: 1 })).code).toBe(
      'NO_CALIBRATION',
    );
  });
});

describe('batches', () => {
  it('hold every sequence once, in order, and never too many tokens', () => {
    const sequences = [30, 50, 20, 64, 64, 10, 60].map(textSequence);
    const batches = packBatches(sequences, 100);
    expect(batches.flatMap((batch) => batch.sequences)).toEqual(sequences);
    expect(batches.map((batch) => batch.tokens)).toEqual([100, 64, 74, 60]);
    for (const batch of batches) expect(batch.tokens).toBe(tokensOf(batch.sequences));
  });

  it("hold no more sequences than llama.cpp's limit of 256", () => {
    const batches = packBatches(
      Array.from({ length: 600 }, () => textSequence(1)),
      10_000,
    );
    expect(batches.map((batch) => batch.sequences.length)).toEqual([256, 256, 88]);
  });

  it('cannot hold a sequence that is longer than a batch', () => {
    expect(() => packBatches([textSequence(101)], 100)).toThrow(RangeError);
  });
});

const sampleOf = (of: CalibrationSelection, size: number, seed: number) =>
  planSample(of, { size, dimensions: 8, seed });

describe('the sample of tokens', () => {
  const selection = selectSequences(all, { alpha: 0.5, tokens: 1500, seed: 1 });

  it('is as large as asked for, or everything', () => {
    const { slots, isImage } = sampleOf(selection, 400, 1);
    expect(slots).toHaveLength(selection.tokens);
    expect(isImage).toHaveLength(400);
    expect(sampleOf(selection, 1e6, 1).isImage).toHaveLength(selection.tokens);
  });

  it('gives each kept token one slot, in the order of the pass', () => {
    const kept = [...sampleOf(selection, 400, 1).slots].filter((slot) => slot >= 0);
    expect(kept).toEqual(Array.from({ length: 400 }, (_, slot) => slot));
  });

  it('is the same for the same seed only', () => {
    expect(sampleOf(selection, 400, 1)).toEqual(sampleOf(selection, 400, 1));
    expect(sampleOf(selection, 400, 1).slots).not.toEqual(sampleOf(selection, 400, 2).slots);
  });

  it("knows a picture's token from a word", () => {
    const small = {
      sequences: [
        pictureSequence(10, { first: 2, count: 4 }),
        textSequence(5),
        pictureSequence(8, { first: 1, count: 2 }),
      ],
      tokens: 23,
      imageTokens: 6,
      pictureShare: 18 / 23,
    };
    const { isImage } = sampleOf(small, 23, 1);
    const images = [...isImage].flatMap((image, token) => (image === 1 ? [token] : []));
    expect(images).toEqual([2, 3, 4, 5, 16, 17]);
    const part = sampleOf(small, 7, 3);
    part.slots.forEach((slot, token) => {
      if (slot >= 0) expect(part.isImage[slot]).toBe(isImage[token]);
    });
  });

  it('keeps every token about equally often', () => {
    const small = { sequences: [textSequence(40)], tokens: 40, imageTokens: 0, pictureShare: 0 };
    const kept = new Array<number>(40).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      sampleOf(small, 10, seed).slots.forEach((slot, token) => {
        if (slot >= 0) kept[token] = (kept[token] ?? 0) + 1;
      });
    }
    // 500 expected, standard deviation 19
    for (const times of kept) expect(Math.abs(times - 500)).toBeLessThan(100);
  });
});
