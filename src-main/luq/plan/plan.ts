import type { Memory } from '../../contract/fit-report.ts';
import { lowLayersOf } from '../../contract/low-layers.ts';
import type { Rung, Rungs } from '../../contract/rungs.ts';
import type { GgufTensor } from '../../gguf/gguf.ts';
import { layerOf } from '../../models/model-file.ts';
import type { Matrix } from '../../profile/probe.ts';

/** Which type every tensor of the text model gets, and what that costs. */
export interface Plan {
  /** tensor name → ggml type id */
  readonly types: ReadonlyMap<string, number>;
  /** of a chat with it */
  readonly memory: Memory;
}

/** A plan made by giving each layer a rung. */
export interface LayerPlan extends Plan {
  readonly rungs: Rungs;
  /** per layer */
  readonly layerRungs: readonly Rung[];
}

/** k: how many layers are low. */
export function lowLayerCount({ rungs, layerRungs }: Pick<LayerPlan, 'rungs' | 'layerRungs'>): number {
  return lowLayersOf(layerRungs, rungs.high).length;
}

/** The tensors that one decoded token is multiplied with. The tied embeddings are the output. */
export function multipliedTensors(tensors: readonly GgufTensor[]): GgufTensor[] {
  const tied = !tensors.some((tensor) => tensor.name === 'output.weight');
  const output = tied ? 'token_embd.weight' : 'output.weight';
  return tensors.filter(
    ({ name, shape }) => shape.length > 1 && (layerOf(name) !== undefined || name === output),
  );
}

/** The weight matrices that one decoded token is multiplied with, in a plan's types and layouts. */
export function decodeMatrices(
  tensors: readonly GgufTensor[],
  types: ReadonlyMap<string, number>,
  isWide: (matrix: Matrix) => boolean = () => false,
): Matrix[] {
  return multipliedTensors(tensors).map(({ name, type, shape: [columns = 0, rows = 0] }) => {
    const matrix = { type: types.get(name) ?? type, columns, rows };
    return isWide(matrix) ? { ...matrix, wide: true } : matrix;
  });
}
