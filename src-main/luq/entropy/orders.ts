import { SnugError } from '../../contract/errors.ts';
import type { EntropyBits } from '../../contract/fit-report.ts';
import { ORDERINGS, type Ordering } from '../../contract/fit-request.ts';
import { seededRandom, shuffled } from '../random.ts';
import { kendallTau } from './kendall.ts';
import { canBeToldApart } from './statistics.ts';

export function parseOrdering(text: string): Ordering {
  const ordering = ORDERINGS.find((name) => name === text.trim().toLowerCase());
  if (ordering) return ordering;
  throw new SnugError('BAD_ARGUMENT', `"${text}" is not an order of layers`, {
    advice: `Choose one of ${ORDERINGS.join(', ')}.`,
  });
}

export interface OrderingBasis {
  /** entropy of each layer's output tokens, in bits */
  readonly entropyBits: readonly number[];
  /** of those; layers that they don't tell apart go by `localErrors`, where both are known */
  readonly standardErrors?: readonly (number | null)[] | undefined;
  /** what a low layer's outputs lose, on any scale that is the same for all layers */
  readonly localErrors?: readonly number[] | undefined;
  /** divergence with each layer low alone; needed for `sensitivity` */
  readonly sensitivity?: readonly number[] | undefined;
  readonly seed: number;
}

/** What entropies say of an order. */
export function basisOf(
  entropies: readonly EntropyBits[],
): Pick<OrderingBasis, 'entropyBits' | 'standardErrors'> {
  return {
    entropyBits: entropies.map(({ both }) => both),
    standardErrors: entropies.map(({ standardError }) => standardError),
  };
}

/** Whether layers that entropy does not tell apart go by what they lose; the reverse of the paper's order is held against it as it is. */
export function settlesTies(ordering: Ordering): boolean {
  return ordering === 'entropy' || ordering === 'edge-protected';
}

/** Layers by ascending score; equal ones by index. */
function ascending(scores: readonly number[]): number[] {
  return scores
    .map((score, layer) => ({ score, layer }))
    .sort((a, b) => a.score - b.score || a.layer - b.layer)
    .map(({ layer }) => layer);
}

/**
 * The paper's order, LUQ, step 4. The next layer is the one of least entropy; of those that can't be told from it, the one with the least
 * local error.
 */
function byEntropy({ entropyBits, standardErrors, localErrors }: OrderingBasis): number[] {
  const left = ascending(entropyBits);
  if (!standardErrors || !localErrors) return left;
  const estimates = entropyBits.map((both, layer) => ({
    both,
    standardError: standardErrors[layer] ?? null,
  }));
  const order: number[] = [];
  for (let least = left[0]; least !== undefined; least = left[0]) {
    const first = estimates[least];
    const next = left
      .filter((layer) => {
        const other = estimates[layer];
        return layer === least || (first && other && !canBeToldApart(first, other));
      })
      .reduce((best, layer) =>
        (localErrors[layer] ?? Infinity) < (localErrors[best] ?? Infinity) ? layer : best,
      );
    order.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return order;
}

/** All layers, the one that goes low first in front; throws a TypeError for `sensitivity` where none was measured. */
export function orderLayers(ordering: Ordering, basis: OrderingBasis): number[] {
  const layers = basis.entropyBits.map((_, layer) => layer);
  switch (ordering) {
    case 'entropy':
      return byEntropy(basis);
    case 'entropy-descending':
      return ascending(basis.entropyBits).toReversed();
    case 'depth':
      return layers;
    case 'random':
      return shuffled(layers, seededRandom(basis.seed));
    case 'edge-protected': {
      const isEdge = (layer: number) => layer === 0 || layer === layers.length - 1;
      const order = byEntropy(basis);
      return [...order.filter((layer) => !isEdge(layer)), ...order.filter(isEdge)];
    }
    case 'sensitivity':
      if (!basis.sensitivity) throw new TypeError('no sensitivity was measured');
      return ascending(basis.sensitivity);
  }
}

/**
 * The layers of an order that a cut moves by their entropy alone, low ones first; none of an order that goes by something else. The first
 * and the last layer are where the order that protects them puts them.
 */
export function orderedByEntropy(ordering: string, order: readonly number[]): number[] {
  if (ordering === 'entropy' || ordering === 'entropy-descending') return [...order];
  if (ordering !== 'edge-protected') return [];
  return order.filter((layer) => layer !== 0 && layer !== order.length - 1);
}

/** Kendall's τ of two orders of the same layers. */
export function orderTau(a: readonly number[], b: readonly number[]): number {
  const ranks = (order: readonly number[]) => {
    const out = new Array<number>(order.length);
    order.forEach((layer, rank) => (out[layer] = rank));
    return out;
  };
  return kendallTau(ranks(a), ranks(b));
}
