import { beforeAll, describe, expect, it } from 'vitest';
import { cpuVariants } from '../../src-main/engine/build.ts';
import { runnableVariants } from '../helpers/cpu-variants.ts';
import { greedyAnswers } from '../helpers/greedy-answers.ts';
import { writeLowestModel } from '../helpers/lowest-model.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// Greedy answers about pictures with Snug's kernels and with llama.cpp's, on every processor that there are other kernels for and one that
// there are none for, with any number of threads: every type that there are kernels for, and layers in others between them.

const TYPES = ['IQ1_M', 'IQ1_S', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'Q4_K', 'Q2_K', 'Q3_K'];
const folder = sharedFolder();
const PROCESSORS = ['sse42', 'haswell', 'alderlake', 'skylakex', 'icelake', 'sapphirerapids'];
const variants = runnableVariants(cpuVariants().filter((variant) => PROCESSORS.includes(variant)));
/** layouts of both kinds; many threads of ggml's wait for one another where others want a core too, so that they ask little */
const RUNS = [
  { kernels: 'auto', threads: 1, questions: 20 },
  { kernels: 'own', threads: 1, questions: 20 },
  { kernels: 'auto', threads: 2, questions: 1 },
] as const;
let model = '';

beforeAll(async () => {
  model = await writeLowestModel(folder, TYPES);
});

describe.runIf(variants.length > 0)('20 questions about pictures', () => {
  it.each(variants)('are answered with the same tokens on %s', (variant) => {
    const stock = greedyAnswers(model, { kernels: 'stock', variant, threads: 1 });
    expect(stock.tokens).toHaveLength(20);
    for (const run of RUNS) {
      const { tokens } = greedyAnswers(model, { ...run, variant });
      expect(tokens).toEqual(stock.tokens.slice(0, run.questions));
    }
  });
});
