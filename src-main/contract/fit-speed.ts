import type { Candidate, FitReport } from './fit-report.ts';

/** One speed for one thing: what was run has been measured, and what was not is predicted by the same measure. */

type Measured = {
  readonly plan: Pick<FitReport['plan'], 'predictedTokensPerSecond'>;
  readonly files: { readonly luq: Pick<FitReport['files']['luq'], 'tokensPerSecond'> };
};

/**
 * A predicted speed of the same model, by what a fit of it measured beside its own prediction: kernels are timed alone, and a prediction
 * beside a measurement has to be of the same kind.
 */
export function correctedSpeed(predicted: number | null, fitted: Measured | null): number | null {
  const before = fitted?.plan.predictedTokensPerSecond;
  const found = fitted?.files.luq.tokensPerSecond;
  return predicted === null || !before || !found ? predicted : predicted * (found / before);
}

export interface Speed {
  readonly tokensPerSecond: number | null;
  readonly measured: boolean;
}

/** Of a plan that was tried: the one that was kept has been run. */
export function candidateSpeed(
  { chosen, tokensPerSecond }: Pick<Candidate, 'chosen' | 'tokensPerSecond'>,
  fitted: Measured,
): Speed {
  const found = fitted.files.luq.tokensPerSecond;
  if (chosen && found !== null) return { tokensPerSecond: found, measured: true };
  return { tokensPerSecond: correctedSpeed(tokensPerSecond, fitted), measured: false };
}
