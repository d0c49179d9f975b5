import { RUNGS } from './rungs.ts';

/** As reports and files name them. */
interface TwoRungs {
  readonly high: string;
  readonly low: string;
}

/** Those of the fewest bits per weight first; reports and files may name others. */
const BY_BITS: readonly string[] = RUNGS;

/**
 * Whether a layer is low: its rung has fewer bits per weight than the high one. A rung that is not known is low unless it is the high one.
 */
export function isLow(rung: string, high: string): boolean {
  const [bits, highBits] = [BY_BITS.indexOf(rung), BY_BITS.indexOf(high)];
  return bits < 0 || highBits < 0 ? rung !== high : bits < highBits;
}

/** The low layers of a plan that gives each layer a rung, in ascending order. */
export function lowLayersOf(layerRungs: readonly string[], high: string): number[] {
  return [...layerRungs.keys()].filter((layer) => isLow(layerRungs[layer] ?? high, high));
}

/** Whether a plan gives any layer a rung besides its two. */
export function hasOtherRungs(layerRungs: readonly string[], { high, low }: TwoRungs): boolean {
  return layerRungs.some((rung) => rung !== high && rung !== low);
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
