import { hasCode } from '../contract/errors.ts';
import type { Check } from '../contract/fit-report.ts';
import { staysMapped } from '../luq/plan/loaded-weights.ts';
import { judge } from '../luq/quality/coherence.ts';
import { compareWithSource } from '../luq/quality/held-out.ts';
import { readTextModel } from '../models/model-file.ts';
import { openModel } from '../models/open-model.ts';
import { sequencesFor } from './calibration.ts';
import { calibrationLimits } from './kept-calibration.ts';
import type { MeasuringContext } from './measuring-context.ts';

/** Loads the result and holds it against what the source said at the held-out positions. */
export async function checkResult(
  { addon, source, request, calibrated, signal, onProgress }: MeasuringContext,
  { path, mmproj }: { readonly path: string; readonly mmproj: string | null },
): Promise<Check> {
  const text = readTextModel(path);
  const { threads } = request;
  using model = await openModel(addon, {
    path,
    mapped: staysMapped(text),
    mmprojPath: mmproj ?? undefined,
    limits: calibrationLimits(request.imageLimits),
    threads,
    signal,
  });
  try {
    const sequences = await sequencesFor(model, { source: { ...source, text }, request }, true);
    const options = { addon, threads, signal, onProgress };
    return judge(await compareWithSource(model, calibrated.recordedSource, sequences, options));
  } catch (error) {
    if (!hasCode(error, 'INCOHERENT')) throw error;
    return { image: null, text: null, answers: null, coherent: false, reasons: [error.message] };
  }
}
