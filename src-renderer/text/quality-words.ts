import { closenessOf, closenessWithin } from '../../src-main/contract/closeness.ts';
import { formatPercent } from './format.ts';
import { unbroken } from './unbroken.ts';

/** What the check of one fit found. */
export interface CheckedFit {
  readonly lowLayers: number;
  /** share of next words on which it agreed with the original */
  readonly agreement: number;
}

export interface QualityFigure {
  readonly value: string;
  readonly note: string;
}

const UNKNOWN: QualityFigure = { value: '–', note: 'known after a check' };

/** What is predicted from how models lose in general, in words: a number would say more than is known. `nats`: of divergence. */
export function foreseenQuality(nats: number): QualityFigure {
  // beside a figure there is room for few words
  const words = closenessWithin(nats).words.replace(/ (?:from|to) the original$/, '');
  return {
    value: `${words.charAt(0).toUpperCase()}${words.slice(1)}`,
    note: unbroken(`beside the original; an estimate, ≈ ${formatNats(nats)} nats`),
  };
}

/** Two figures of an estimate are all that is known. */
function formatNats(nats: number): string {
  return nats >= 0.1 ? nats.toFixed(2) : nats.toPrecision(1);
}

/**
 * The quality of a plan with so many ultra-low layers, from checked fits of the same model: as found where one had as many, on the line
 * between its neighbours where it lies between two, else only which side of the nearest one it should be on.
 */
export function qualityAt(lowLayers: number, checked: readonly CheckedFit[]): QualityFigure {
  const exact = checked.find((fit) => fit.lowLayers === lowLayers);
  if (exact) {
    return {
      value: formatPercent(exact.agreement),
      note: `same next word: ${closenessOf(exact.agreement).words}`,
    };
  }
  const sorted = checked.toSorted((a, b) => a.lowLayers - b.lowLayers);
  const below = sorted.findLast((fit) => fit.lowLayers < lowLayers);
  const above = sorted.find((fit) => fit.lowLayers > lowLayers);
  if (below && above) {
    const share = (lowLayers - below.lowLayers) / (above.lowLayers - below.lowLayers);
    const agreement = below.agreement + share * (above.agreement - below.agreement);
    return { value: `≈ ${formatPercent(agreement)}`, note: 'same next word, between two checked fits' };
  }
  if (above)
    return {
      value: `≥ ${formatPercent(above.agreement)}`,
      note: 'same next word, if fewer layers do not harm',
    };
  if (below)
    return {
      value: `≤ ${formatPercent(below.agreement)}`,
      note: 'same next word, if more layers do not help',
    };
  return UNKNOWN;
}
