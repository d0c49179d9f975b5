import { readFileSync } from 'node:fs';
import { insist } from '../files/retry-refused.ts';
import { calibrationWalk } from '../fit/gram-walk.ts';
import type { MeasuringContext } from '../fit/measuring-context.ts';
import { tensorTypeId } from '../gguf/tensor-types.ts';
import { bytesAs } from '../luq/plan/mixture.ts';
import type { Plan } from '../luq/plan/plan.ts';
import { imatrixKey } from '../luq/quantize/bank.ts';
import { RIVAL_METHODS } from '../luq/rivals/methods.ts';
import { rivalWeights, type RivalWeights } from '../luq/rivals/rival-weights.ts';
import { layerOf } from '../models/model-file.ts';
import type { ComparedRows } from './compared-rows.ts';

/**
 * The methods of the paper's table as rows: their matrices in the layers as 16-bit floats, and outside of the layers what the paper's plan
 * has, so that rows differ in the layers alone.
 */
export async function rivalRows(usual: MeasuringContext, rows: ComparedRows): Promise<void> {
  const walk = await calibrationWalk(usual);
  const calibrationKey = imatrixKey(insist(() => readFileSync(usual.calibrated.imatrixPath)));
  for (const method of RIVAL_METHODS) {
    const weights = await rivalWeights({
      method,
      walk,
      bank: usual.workspace.bank,
      calibrationKey,
      onShare: (share) => rows.tellShare(method.name, share),
    });
    const { types, plan, layerBits, paperBits } = planOf(usual, weights);
    const rival = { method: method.name, paperBits };
    const facts = { family: 'rival', ordering: null, lowLayers: null, importance: null } as const;
    await rows.measure(usual, plan, { ...facts, name: method.name, rival, layerBits }, { types, weights });
  }
}

export function rivalCount(): number {
  return RIVAL_METHODS.length;
}

interface RivalPlan {
  /** of the trial */
  readonly types: ReadonlyMap<string, number>;
  /** with the sizes of the method's own format */
  readonly plan: Plan;
  readonly layerBits: number;
  readonly paperBits: number;
}

function planOf({ planner, source }: MeasuringContext, weights: RivalWeights): RivalPlan {
  const { tensors } = source.text.gguf;
  const outside = planner.mixture(planner.rungs.high);
  const half = tensorTypeId('F16');
  const types = new Map(
    tensors.map((tensor) => {
      const { name, type } = tensor;
      if (weights.replaces(tensor)) return [name, half];
      return [name, layerOf(name) === undefined ? (outside.get(name) ?? type) : type];
    }),
  );
  const made = tensors.filter((tensor) => weights.replaces(tensor));
  const matrices = tensors.filter(({ name, shape }) => layerOf(name) !== undefined && shape.length > 1);
  const sum = (bits: 'stored' | 'paper') =>
    made.reduce((all, tensor) => all + weights.bitsOf(tensor)[bits], 0);
  const halves = made.reduce((all, tensor) => all + bytesAs(tensor, half), 0);
  const others = matrices.filter((tensor) => !weights.replaces(tensor));
  const otherBits = others.reduce((all, { bytes }) => all + bytes * 8, 0);
  const perWeight = (bits: number) =>
    (bits + otherBits) / matrices.reduce((all, { elements }) => all + elements, 0);
  const { memory } = planner.withTypes(types);
  const saved = halves - Math.ceil(sum('stored') / 8);
  return {
    types,
    plan: {
      types,
      memory: {
        ...memory,
        weightsBytes: memory.weightsBytes - saved,
        totalBytes: memory.totalBytes - saved,
      },
    },
    layerBits: perWeight(sum('stored')),
    paperBits: perWeight(sum('paper')),
  };
}
