import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { greedyAnswers } from '../../helpers/greedy-answers.ts';
import { writeLowestModel } from '../../helpers/lowest-model.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// A model with all layers in the lowest types says with Snug's kernels what it says with llama.cpp's, though its tokens are nearly equally
// likely and the smallest difference would show: products are the same to the bit. The campaign tries every processor.

const folder = sharedFolder();
const { backends } = loadAddon();
const TYPES = ['IQ1_M', 'IQ1_S', 'IQ2_XXS', 'IQ2_S', 'IQ3_XXS', 'Q2_K', 'Q3_K'];
let model = '';

beforeAll(async () => {
  model = await writeLowestModel(folder, TYPES);
});

describe.runIf(backends.ownKernels !== '')('20 questions about pictures', () => {
  it('are answered with the same tokens by all kernels', () => {
    const stock = greedyAnswers(model, { kernels: 'stock', threads: 1 });
    expect(stock.own).toBe('');
    expect(stock.tokens).toHaveLength(20);
    expect(stock.tokens.every((answer) => answer.length > 10)).toBe(true);
    for (const kernels of ['auto', 'own'] as const) {
      const ours = greedyAnswers(model, { kernels, threads: 1 });
      expect(ours.own).not.toBe('');
      expect(ours.tokens).toEqual(stock.tokens);
    }
  });
});

describe.runIf(backends.ownKernels !== '')(
  'weights of few rows, after which no vector begins by itself',
  () => {
    it.each([1, 8, 203])('lie where vectors are loaded from: rows: %i', async (rows) => {
      const few = await writeLowestModel(folder, TYPES, rows);
      const stock = greedyAnswers(few, { kernels: 'stock', threads: 1, questions: 2 });
      for (const kernels of ['auto', 'own'] as const) {
        const { tokens } = greedyAnswers(few, { kernels, threads: 1, questions: 2 });
        expect(tokens).toEqual(stock.tokens);
      }
    });
  },
);
