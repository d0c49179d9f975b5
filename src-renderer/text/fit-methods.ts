/** The ways to a plan that the window offers; the command line has more orders of layers, to compare with. */
export const FIT_METHODS = ['best', 'entropy', 'edge-protected', 'sensitivity', 'uniform'] as const;
export type FitMethod = (typeof FIT_METHODS)[number];

export const METHOD_WORDS: Readonly<Record<FitMethod, { readonly title: string; readonly hint: string }>> = {
  best: {
    title: 'The nearest to the original',
    hint: 'Makes a plan with a type for every tensor, the paper’s plan and plain files of one type, measures each against the original, and keeps the nearest; of those equally near, the fastest.',
  },
  entropy: {
    title: 'As in the paper (LUQ)',
    hint: 'Layers whose output has the least entropy become ultra-low first.',
  },
  'edge-protected': {
    title: 'As in the paper (LUQ), but the first and the last layer go last',
    hint: 'Safer where a model’s first or last layer has little entropy and still matters.',
  },
  sensitivity: {
    title: 'Two types, by what each layer does',
    hint: 'Makes each layer ultra-low alone, measures the harm, and takes the least harmful first. Takes longer the first time.',
  },
  uniform: {
    title: 'One type for the whole model',
    hint: 'The largest of llama.cpp’s file types that fits. Nothing is chosen by measuring.',
  },
};
