/** llama.cpp's file types that a layer may get, those with the fewest bits per weight first. */
export const RUNGS_BY_BITS: readonly string[] = [
  'IQ1_S',
  'IQ1_M',
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'IQ2_M',
  'Q2_K',
  'IQ3_XXS',
  'Q3_K_S',
  'IQ3_S',
  'IQ3_M',
  'Q3_K_M',
  'Q3_K_L',
  'Q4_K_S',
  'Q4_K_M',
  'Q5_K_S',
  'Q5_K_M',
  'Q6_K',
  'Q8_0',
];

/** Whether a layer is low: its rung has fewer bits per weight than the high one. A rung that is not known is low unless it is the high one. */
export function isLow(rung: string, high: string): boolean {
  const [bits, highBits] = [RUNGS_BY_BITS.indexOf(rung), RUNGS_BY_BITS.indexOf(high)];
  return bits < 0 || highBits < 0 ? rung !== high : bits < highBits;
}

/** The low layers of a plan that gives each layer a rung, in ascending order. */
export function lowLayersOf(layerRungs: readonly string[], high: string): number[] {
  return [...layerRungs.keys()].filter((layer) => isLow(layerRungs[layer] ?? high, high));
}

/** The fewest low layers with which a model fits the budget (LUQ, step 4); null where it does not even with all of them. */
export function fewestLowLayers(
  layers: number,
  budgetBytes: number,
  bytesWith: (lowLayers: number) => number,
): number | null {
  for (let lowLayers = 0; lowLayers <= layers; lowLayers++) {
    if (bytesWith(lowLayers) <= budgetBytes) return lowLayers;
  }
  return null;
}
