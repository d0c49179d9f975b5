import { SnugError } from '../../contract/errors.ts';
import { ORDERINGS, type Ordering } from '../../contract/fit-request.ts';
import { kendallTau } from './kendall.ts';
import { seededRandom, shuffled } from '../random.ts';

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
  /** divergence with each layer low alone; needed for `sensitivity` */
  readonly sensitivity?: readonly number[] | undefined;
  readonly seed: number;
}

/** Layers by ascending score; equal ones by index. */
function ascending(scores: readonly number[]): number[] {
  return scores
    .map((score, layer) => ({ score, layer }))
    .sort((a, b) => a.score - b.score || a.layer - b.layer)
    .map(({ layer }) => layer);
}

/** All layers, the one that goes low first in front; throws a TypeError for `sensitivity` where none was measured. */
export function orderLayers(ordering: Ordering, basis: OrderingBasis): number[] {
  const byEntropy = ascending(basis.entropyBits);
  const last = byEntropy.length - 1;
  switch (ordering) {
    // the paper's: LUQ, step 4
    case 'entropy':
      return byEntropy;
    case 'entropy-descending':
      return byEntropy.toReversed();
    case 'depth':
      return byEntropy.toSorted((a, b) => a - b);
    case 'random':
      return shuffled(
        byEntropy.toSorted((a, b) => a - b),
        seededRandom(basis.seed),
      );
    case 'edge-protected': {
      const isEdge = (layer: number) => layer === 0 || layer === last;
      return [...byEntropy.filter((layer) => !isEdge(layer)), ...byEntropy.filter(isEdge)];
    }
    case 'sensitivity':
      if (!basis.sensitivity) throw new TypeError('no sensitivity was measured');
      return ascending(basis.sensitivity);
  }
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
