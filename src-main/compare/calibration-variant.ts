import type { OnProgress } from '../contract/progress.ts';
import { calibrateSource, type Calibrated } from '../fit/calibration.ts';
import type { FitSettings } from '../fit/settings.ts';
import { orderLayers } from '../luq/entropy/orders.ts';
import { Trials } from '../fit/trials.ts';
import type { Workspace } from '../fit/workspace.ts';
import type { RowOptions } from './measured-row.ts';

/** A calibration and what is measured with it. */
export interface CalibrationVariant {
  readonly settings: FitSettings;
  readonly calibrated: Calibrated;
  readonly trials: Trials;
  readonly entropyBits: readonly number[];
}

export type CalibrationChange = Partial<Pick<FitSettings, 'alpha' | 'clusters' | 'seed'>>;

/** Calibrates with the request's settings but for what is changed; a calibration that was made before is read. */
export async function openVariant(
  { prepared, source, signal }: RowOptions,
  options: { workspace: Workspace; onProgress: OnProgress | undefined },
  change: CalibrationChange,
): Promise<CalibrationVariant> {
  const { addon } = prepared;
  const settings = { ...prepared.settings, ...change };
  const step = { addon, source, settings, workspace: options.workspace, signal };
  const calibrated = await calibrateSource({ ...step, onProgress: options.onProgress });
  return {
    settings,
    calibrated,
    trials: new Trials({ ...step, calibrated }),
    entropyBits: calibrated.entropies.map(({ both }) => both),
  };
}

/** Of which tokens the importance matrix is. */
export function importanceOf({ calibrated }: CalibrationVariant): 'multimodal' | 'text-only' {
  return calibrated.report.imageTokens > 0 ? 'multimodal' : 'text-only';
}

/** An order that needs nothing measured but the calibration. */
export function orderOf(
  { entropyBits, settings }: CalibrationVariant,
  ordering: 'entropy' | 'edge-protected',
): number[] {
  return orderLayers(ordering, { entropyBits, seed: settings.seed });
}
