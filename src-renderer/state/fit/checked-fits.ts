import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import type { FitMethod } from '../../text/fit-methods.ts';
import type { CheckedFit } from '../../text/quality-words.ts';
import { methodOf } from './fit-method.ts';

/** What the checks of fits by a method found, in the order of the fits: the worse of pictures and text, which is what may be asked for. */
export function checkedFits(fits: readonly FitJob[], method: FitMethod): readonly CheckedFit[] {
  return fits.flatMap(({ lowLayers, report }) => {
    if (lowLayers === null || report === null || methodOf(report.plan) !== method) return [];
    const shares = [report.check.image, report.check.text].flatMap((part) => part?.topAgreement ?? []);
    return shares.length === 0 ? [] : [{ lowLayers, agreement: Math.min(...shares) }];
  });
}
