import { dirname, join } from 'node:path';
import { typesFor } from '../luq/allocate/ladder.ts';
import type { LocalErrors } from '../luq/allocate/local-errors.ts';
import { measureLocalErrors } from '../luq/gram/local-errors.ts';
import { calibrationWalk, WEIGHT_OF_PICTURES } from './gram-walk.ts';
import type { MeasuringContext } from './measuring-context.ts';

/** What was measured of the source's tensors, and what the person should know of it. */
export interface MeasuredErrors {
  readonly errors: LocalErrors;
  readonly warnings: readonly string[];
}

interface LocalErrorsOptions {
  /** types of a matrix by its columns and its source's type */
  readonly ladder?: (columns: number, source: number) => readonly number[];
  readonly weightOfPictures?: number;
}

/**
 * What every type of the ladder does to the outputs of every tensor on the calibration's inputs; kept beside the calibration. Takes about a
 * calibration's time, and some seconds a layer.
 */
export async function localErrors(
  measuring: MeasuringContext,
  { ladder = typesFor, weightOfPictures = WEIGHT_OF_PICTURES }: LocalErrorsOptions = {},
): Promise<MeasuredErrors> {
  const { addon, source, request, calibrated, signal, onProgress } = measuring;
  const { tensors, warnings } = await measureLocalErrors(
    source.text.layers,
    () => calibrationWalk(measuring, weightOfPictures),
    {
      ...{ addon, source: source.text.gguf, imatrix: calibrated.imatrix },
      typesFor: ({ shape: [columns = 0], type }) => ladder(columns, type),
      seed: request.calibration.seed,
      folder: join(dirname(calibrated.imatrixPath), `grams-${weightOfPictures}`),
      ...{ threads: request.threads, signal },
      onProgress: ({ done, total }) =>
        onProgress?.({ stage: 'plan', done, total, unit: 'steps', detail: 'errors of tensors' }),
    },
  );
  const errors = new Map(
    tensors.map(({ name, types }) => [name, new Map(types.map(({ type, error }) => [type, error]))]),
  );
  return { errors, warnings };
}
