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
  isWide: (tensor: GgufTensor, type: number) => boolean = () => false,
): Matrix[] {
  return multipliedTensors(tensors).map((tensor) => {
    const type = types.get(tensor.name) ?? tensor.type;
    return matrixOf(tensor, type, isWide(tensor, type));
  });
}

/** A tensor as it is multiplied with in a type. */
export function matrixOf(
  { shape: [columns = 0, rows = 0] }: GgufTensor,
  type: number,
  isWide: boolean,
): Matrix {
  return isWide ? { type, columns, rows, wide: true } : { type, columns, rows };
}
