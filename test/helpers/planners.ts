import { layerOf } from '../../src-main/models/model-file.ts';
import type { ExtraBytes, Layouts } from '../../src-main/luq/plan/loaded-weights.ts';
import { Planner, type PlannedModel } from '../../src-main/luq/plan/planner.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import type { GgufTensor } from '../../src-main/gguf/gguf.ts';
import type { Rung } from '../../src-main/contract/rungs.ts';

const MATRIX_TYPES: Partial<Record<Rung, string>> = { Q4_K_M: 'Q4_K', Q2_K: 'Q2_K', IQ1_M: 'IQ1_M' };

/** Those of a processor where blocks lie as in the file, unless told otherwise. */
export function layouts(
  lean: ExtraBytes = () => 0,
  { wide, insisted = false }: { wide?: ExtraBytes; insisted?: boolean } = {},
): Layouts {
  return { lean, wide, insisted };
}

/** A planner of tensors without a file: a rung gives all matrices one type, and a chat takes nothing besides the weights. */
export function plannerOf(tensors: readonly GgufTensor[], changes: Partial<PlannedModel> = {}): Planner {
  const layers = new Set(tensors.map(({ name }) => layerOf(name)).filter((layer) => layer !== undefined));
  return new Planner({
    text: {
      layers: layers.size,
      parameters: tensors.reduce((sum, { elements }) => sum + elements, 0),
      weightType: 'F16',
      gguf: { tensors, fileBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0) },
    },
    rungs: { high: 'Q4_K_M', low: 'IQ1_M' },
    mixtureOf: (rung) =>
      new Map(
        tensors.map(({ name, type, shape }) => [
          name,
          shape.length < 2 ? type : tensorTypeId(MATRIX_TYPES[rung] ?? 'F16'),
        ]),
      ),
    overhead: {
      contextTokens: 1024,
      kvCacheBytes: 0,
      computeBytes: 0,
      visionWeightsBytes: 0,
      visionComputeBytes: 0,
    },
    layouts: layouts(),
    visionTypes: undefined,
    alternatives: [],
    otherKernels: [],
    ...changes,
  });
}
