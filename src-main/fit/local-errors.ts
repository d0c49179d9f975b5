import { dirname, join } from 'node:path';
import { typesFor } from '../luq/allocate/ladder.ts';
import type { LocalErrors } from '../luq/allocate/local-errors.ts';
import { measureLocalErrors } from '../luq/gram/local-errors.ts';
import { calibrationWalk } from './gram-walk.ts';
import type { MeasuringContext } from './measuring-context.ts';

/**
 * What a picture's token counts in the errors of tensors, where a text's counts 1. Plans for the demo model, by errors alone: nats about
 * pictures and on text at 2.5, 3.3 and 4.4 bits are 0.030/0.269, 0.0057/0.082 and 0.0056/0.019 with 0.1, 0.031/0.290, 0.0065/0.088 and
 * 0.0060/0.021 with 0.3, and 0.042/0.304, 0.0065/0.088 and 0.0068/0.019 with 1 (bench/picture-weight.ts). MBQ (2412.19509) finds text some
 * ten times as sensitive.
 */
export const PICTURES_IN_ERRORS = 0.1;

interface LocalErrorsOptions {
  /** types of a matrix by its columns and its source's type */
  readonly ladder?: (columns: number, source: number) => readonly number[];
  readonly weightOfPictures?: number;
}

/**
 * What every type of the ladder does to the outputs of every tensor on the calibration's inputs; kept beside the calibration. Takes about a
 * third of a calibration's time, and some seconds a layer.
 */
export async function localErrors(
  measuring: MeasuringContext,
  { ladder = typesFor, weightOfPictures = PICTURES_IN_ERRORS }: LocalErrorsOptions = {},
): Promise<LocalErrors> {
  const { addon, source, request, calibrated, signal, onProgress } = measuring;
  const { tensors } = await measureLocalErrors(
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
  return new Map(
    tensors.map(({ name, types }) => [name, new Map(types.map(({ type, error }) => [type, error]))]),
  );
}
