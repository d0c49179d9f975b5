import { z } from 'zod';
import type { EntropyBits } from '../../contract/fit-report.ts';
import { kendallTau } from './kendall.ts';

/** What k-means with many seeds says of layers: means, how far they can be trusted, and which layers can't be told apart. */

const bits = z.array(z.number()).min(1);

/** One layer's entropies in bits, a value a seed. */
export const layerEntropySchema = z.object({
  /** over all sampled tokens */
  seeds: bits,
  /** over each half of them; null where a half has fewer tokens than clusters */
  firstHalf: bits.nullable(),
  secondHalf: bits.nullable(),
  /** over pictures' tokens and over texts' alone; null where there are fewer than clusters */
  image: bits.nullable(),
  text: bits.nullable(),
});
export type LayerEntropy = z.infer<typeof layerEntropySchema>;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample; 0 where there is only one value. */
function variance(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/** Of a mean, squared. */
function errorOfMean(values: readonly number[]): number {
  return variance(values) / values.length;
}

/** A layer by itself: its standard error is that of the seeds alone. */
export function bitsOf({ seeds, image, text }: LayerEntropy): EntropyBits {
  return {
    both: mean(seeds),
    standardError: Math.sqrt(errorOfMean(seeds)),
    image: image && mean(image),
    text: text && mean(text),
  };
}

/** All layers of a model: to the error of a layer's seeds comes that of which tokens were sampled. */
export function bitsOfLayers(layers: readonly LayerEntropy[]): EntropyBits[] {
  const ofTokens = tokenVariance(layers);
  return layers.map((layer) => ({
    ...bitsOf(layer),
    standardError: Math.sqrt(errorOfMean(layer.seeds) + ofTokens),
  }));
}

/**
 * The variance of a layer's entropy that comes from the sample of tokens, in bits², from how far the two halves of the sample differ. All
 * layers see the same tokens: what they share moves none past another and is left out. One number for all layers, as two halves say little
 * of a single one.
 */
function tokenVariance(layers: readonly LayerEntropy[]): number {
  const halves = layers.flatMap(({ firstHalf, secondHalf }) =>
    firstHalf && secondHalf ? [{ firstHalf, secondHalf }] : [],
  );
  const differences = halves.map(({ firstHalf, secondHalf }) => mean(firstHalf) - mean(secondHalf));
  const ofSeeds = halves.map(({ firstHalf, secondHalf }) => errorOfMean(firstHalf) + errorOfMean(secondHalf));
  if (halves.length < 2) return 0;
  // a difference has the variance of two halves, and the whole sample half of that of one
  return Math.max(0, variance(differences) - mean(ofSeeds)) / 4;
}

/** Differences of less than this many standard errors are not told apart. */
const STANDARD_ERRORS = 2;

type Estimate = Pick<EntropyBits, 'both' | 'standardError'>;

/** Whether the entropies of two layers differ by more than their errors explain; where no error is known, whenever they differ. */
export function canBeToldApart(a: Estimate, b: Estimate): boolean {
  const error = Math.hypot(a.standardError ?? 0, b.standardError ?? 0);
  return Math.abs(a.both - b.both) > STANDARD_ERRORS * error;
}

/** Layers on either side of the cut that can't be told from one on the other side; `order`: those that go by entropy, low ones first. */
export function undecidedAtCut(
  entropies: readonly EntropyBits[],
  order: readonly number[],
  lowLayers: number,
): number[] {
  const [low, high] = [order.slice(0, lowLayers), order.slice(lowLayers)];
  const mixed = (layer: number, others: readonly number[]) =>
    others.some((other) => {
      const [a, b] = [entropies[layer], entropies[other]];
      return a !== undefined && b !== undefined && !canBeToldApart(a, b);
    });
  return order.filter((layer, rank) => mixed(layer, rank < lowLayers ? high : low)).sort((a, b) => a - b);
}

/** How far the order can be trusted: Kendall's τ between means over half of the seeds each, and between the halves of the tokens. */
export function orderStability(layers: readonly LayerEntropy[]): {
  readonly kendallTauSeeds: number;
  /** null when the halves were too small to be measured */
  readonly kendallTauHalves: number | null;
} {
  const halves = layers.flatMap(({ firstHalf, secondHalf }) =>
    firstHalf && secondHalf ? [{ first: mean(firstHalf), second: mean(secondHalf) }] : [],
  );
  const middle = (seeds: readonly number[]) => seeds.length >> 1;
  return {
    kendallTauSeeds: kendallTau(
      layers.map(({ seeds }) => mean(seeds.slice(0, middle(seeds)))),
      layers.map(({ seeds }) => mean(seeds.slice(middle(seeds)))),
    ),
    kendallTauHalves:
      halves.length === layers.length
        ? kendallTau(
            halves.map(({ first }) => first),
            halves.map(({ second }) => second),
          )
        : null,
  };
}
