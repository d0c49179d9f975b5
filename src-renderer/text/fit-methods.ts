/** The ways to choose layers that the window offers; the command line has more orders, to compare with. */
export const FIT_METHODS = ['entropy', 'edge-protected', 'sensitivity', 'auto'] as const;
export type FitMethod = (typeof FIT_METHODS)[number];

export const METHOD_WORDS: Readonly<Record<FitMethod, { readonly title: string; readonly hint: string }>> = {
  entropy: {
    title: 'As in the paper',
    hint: 'Layers whose output has the least entropy become ultra-low first.',
  },
  'edge-protected': {
    title: 'As in the paper, but the first and the last layer go last',
    hint: 'Safer where a model’s first or last layer has little entropy and still matters.',
  },
  sensitivity: {
    title: 'By what each layer does',
    hint: 'Makes each layer ultra-low alone, measures the harm, and takes the least harmful first. Takes longer the first time.',
  },
  auto: {
    title: 'Try several and keep the best',
    hint: 'Builds several models that fit the budget, measures each against the original, and keeps the nearest; of equally near ones the fastest. Takes longest.',
  },
};
