import { dirname, join } from 'node:path';
import { z } from 'zod';
import { throwIfCancelled } from '../contract/errors.ts';
import { writeFileAtomically } from '../files/durable-files.ts';
import { readKept } from '../files/json-file.ts';
import { layerErrors } from '../luq/entropy/layer-errors.ts';
import { isMatrix, SAMPLE_OF_ROWS, TensorErrorMeter } from '../luq/gram/tensor-errors.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { layerOf } from '../models/model-file.ts';
import type { ReadContext } from './context.ts';
import type { MeasuringContext } from './measuring-context.ts';

const tieErrorsSchema = z.object({
  /** [layers]; null where a layer has nothing that can be measured */
  layers: z.array(z.number().nonnegative()).nullable(),
});

/**
 * What each layer's outputs lose on the low rung [layers], by which layers go low that entropy does not tell apart. Columns are weighed by
 * the importance matrix, which takes seconds where weighing pairs of them would take another calibration. Kept beside the calibration.
 */
export async function tieErrors(measuring: MeasuringContext): Promise<readonly number[] | undefined> {
  const known = knownTieErrors(measuring);
  if (known) return known;
  const layers = await measureLayers(measuring);
  const path = pathIn(dirname(measuring.calibrated.imatrixPath), measuring.planner);
  writeFileAtomically(path, JSON.stringify({ layers: layers ?? null }));
  return layers;
}

/** Those that were measured before. */
export function knownTieErrors({
  calibrated,
  planner,
}: Pick<MeasuringContext, 'calibrated' | 'planner'>): readonly number[] | undefined {
  return keptTieErrors(dirname(calibrated.imatrixPath), planner);
}

/** Those that were measured before with a calibration. */
export function keptTieErrors(
  calibrationFolder: string,
  planner: Pick<Planner, 'rungs'>,
): readonly number[] | undefined {
  return readKept(pathIn(calibrationFolder, planner), tieErrorsSchema)?.layers ?? undefined;
}

function pathIn(calibrationFolder: string, { rungs }: Pick<Planner, 'rungs'>): string {
  return join(calibrationFolder, `tie-errors-${rungs.low}-${SAMPLE_OF_ROWS}.json`);
}

async function measureLayers(measuring: MeasuringContext): Promise<number[] | undefined> {
  const { addon, request, calibrated, planner, signal, onProgress } = measuring;
  const low = lowTypes(measuring);
  const meter = new TensorErrorMeter({
    ...{ addon, imatrix: calibrated.imatrix, threads: request.threads, signal },
    seed: request.calibration.seed,
    typesFor: ({ name, type }) => [low.get(name) ?? type],
  });
  const tensors = measuring.source.text.gguf.tensors.filter(({ name }) => low.has(name));
  const errors = new Map<string, ReadonlyMap<number, number>>();
  for (const [index, tensor] of tensors.entries()) {
    throwIfCancelled(signal);
    const progress = {
      done: index,
      total: tensors.length,
      unit: 'steps',
      detail: 'errors of layers',
    } as const;
    onProgress?.({ stage: 'plan', ...progress });
    const { types } = await meter.measure(tensor);
    errors.set(tensor.name, new Map(types.map(({ type, error }) => [type, error])));
  }
  return layerErrors(planner.layers, errors, low);
}

/** The layers' matrices that the low rung changes, and to what. */
function lowTypes({ planner, source }: Pick<ReadContext, 'planner' | 'source'>): Map<string, number> {
  const mixture = planner.mixture(planner.rungs.low);
  return new Map(
    source.text.gguf.tensors.flatMap((tensor) => {
      const type = mixture.get(tensor.name) ?? tensor.type;
      const changes = type !== tensor.type && isMatrix(tensor) && layerOf(tensor.name) !== undefined;
      return changes ? [[tensor.name, type] as const] : [];
    }),
  );
}
