import { closenessOf } from '../../../src-main/contract/closeness.ts';
import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import { formatPercent } from '../../text/format.ts';
import { methodOf, type FitMethod } from './fit-method.ts';

/** What the check of one fit found. */
export interface CheckedFit {
  readonly lowLayers: number;
  /** share of next words on which it agreed with the original */
  readonly agreement: number;
}

/** What the checks of fits by a method found, in the order of the fits: the worse of pictures and text, which is what may be asked for. */
export function checkedFits(fits: readonly FitJob[], method: FitMethod): readonly CheckedFit[] {
  return fits.flatMap(({ lowLayers, report }) => {
    if (lowLayers === null || report === null || methodOf(report.plan) !== method) return [];
    const shares = [report.check.image, report.check.text].flatMap((part) => part?.topAgreement ?? []);
    return shares.length === 0 ? [] : [{ lowLayers, agreement: Math.min(...shares) }];
  });
}

export interface QualityFigure {
  readonly value: string;
  readonly note: string;
}

const UNKNOWN: QualityFigure = { value: '–', note: 'known after a check' };

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
