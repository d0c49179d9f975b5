import { calibrateSource, type Calibrated, type OnLayer } from './calibration.ts';
import type { FitContext } from './context.ts';
import { Trials } from './trials.ts';

/** … and the source calibrated, so that plans can be put together and measured. */
export interface MeasuringContext extends FitContext {
  readonly calibrated: Calibrated;
  readonly trials: Trials;
}

/** Calibrates; a calibration that was made before is read. */
export async function startMeasuring(context: FitContext, onLayer?: OnLayer): Promise<MeasuringContext> {
  const calibrated = await calibrateSource(context, onLayer);
  return { ...context, calibrated, trials: new Trials(context, calibrated) };
}
