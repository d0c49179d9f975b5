import { withCalibration, type CalibrationChange, type FitContext } from '../fit/context.ts';
import { startMeasuring, type MeasuringContext } from '../fit/measuring-context.ts';

/** Calibrates with the request's settings but for what is changed; a calibration that was made before is read. */
export function openVariant(context: FitContext, change: CalibrationChange): Promise<MeasuringContext> {
  return startMeasuring(withCalibration(context, change));
}

/** Of which tokens the importance matrix is. */
export function importanceOf({ calibrated }: MeasuringContext): 'multimodal' | 'text-only' {
  return calibrated.report.imageTokens > 0 ? 'multimodal' : 'text-only';
}
